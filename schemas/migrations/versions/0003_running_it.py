"""Running it: what operations see of an event on its way, of dead letters, and of what bad answers are about.

Only additions that a room of the version before can live with: it neither reads nor writes them (docs/upgrading.md).
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("slack_outbox", sa.Column("traceparent", sa.String(length=64), nullable=True))
    op.create_index("alerts_by_event_time", "alerts", ["event_time"])
    op.create_index("cases_by_contact", "cases", ["contacted_at"])
    op.create_table(
        "answer_terms",
        sa.Column("event_source", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("case_id", _WHOLE, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("metric", sa.String(), nullable=True),
        sa.Column("touchpoint", sa.String(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_answer_terms_alert_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_source", "event_id", name=op.f("pk_answer_terms")),
    )
    op.create_index(op.f("ix_answer_terms_alert_id"), "answer_terms", ["alert_id"])
    op.create_index("answer_terms_by_time", "answer_terms", ["at"])
    op.create_index("dead_letters_by_reason", "dead_letters", ["reason", "at"])


def downgrade() -> None:
    op.drop_index("dead_letters_by_reason", "dead_letters")
    op.drop_table("answer_terms")
    op.drop_index("cases_by_contact", "cases")
    op.drop_index("alerts_by_event_time", "alerts")
    op.drop_column("slack_outbox", "traceparent")
