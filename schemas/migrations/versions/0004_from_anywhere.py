"""From anywhere: what keeps the way in, from keys to hooks, and the touchpoints around a case.

Only additions that a room of the version before can live with: it neither reads nor writes them (docs/upgrading.md).
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _keys_and_sign_in()
    _timelines()
    _surveys()
    _erasures()


def downgrade() -> None:
    op.drop_table("erasures")
    op.drop_table("survey_answers")
    op.drop_table("timeline")
    op.drop_table("audit")
    op.drop_table("console_sessions")
    op.drop_table("sign_ins")
    op.drop_index("api_keys_by_key_id", "api_keys")
    for column in ("last_used_at", "expires_at", "sources", "key_id"):
        op.drop_column("api_keys", column)


def _keys_and_sign_in() -> None:
    op.add_column("api_keys", sa.Column("key_id", sa.String(length=16), nullable=True))
    op.add_column("api_keys", sa.Column("sources", sa.JSON(), nullable=True))
    op.add_column("api_keys", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_keys", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("api_keys_by_key_id", "api_keys", ["key_id"], unique=True)
    op.create_table(
        "sign_ins",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_sign_ins")),
    )
    op.create_index("sign_ins_by_end", "sign_ins", ["expires_at"])
    op.create_table(
        "console_sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("id_token", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_console_sessions")),
    )
    op.create_index("console_sessions_by_end", "console_sessions", ["expires_at"])
    op.create_table(
        "audit",
        sa.Column("id", _WHOLE, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=True),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("customer", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_index("audit_by_customer", "audit", ["customer"])


def _timelines() -> None:
    op.create_table(
        "timeline",
        sa.Column("event_source", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touchpoint", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("duration_ms", _WHOLE, nullable=True),
        sa.Column("amount", sa.String(length=32), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("metric", sa.String(), nullable=True),
        sa.Column("score", _WHOLE, nullable=True),
        sa.Column("scale_min", _WHOLE, nullable=True),
        sa.Column("scale_max", _WHOLE, nullable=True),
        sa.Column("higher_is_better", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("event_source", "event_id", "kind", name=op.f("pk_timeline")),
    )
    op.create_index("timeline_by_customer", "timeline", ["customer_id", "at"])
    op.create_index("timeline_by_time", "timeline", ["at"])


def _surveys() -> None:
    op.create_table(
        "survey_answers",
        sa.Column("invitation", sa.String(length=36), nullable=False),
        sa.Column("survey", sa.String(length=32), nullable=False),
        sa.Column("number", _WHOLE, nullable=False),
        sa.Column("score", _WHOLE, nullable=False),
        sa.Column("commented", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("invitation", name=op.f("pk_survey_answers")),
    )
    op.create_index("survey_answers_by_end", "survey_answers", ["expires_at"])


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", _WHOLE, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("word", sa.String(length=32), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sqlite_autoincrement=True,
    )
    op.create_index("erasures_by_digest", "erasures", ["digest"])
