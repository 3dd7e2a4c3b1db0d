"""People, time and delivery: what routing, escalations and the fallbacks of messages remember."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNFIRED = sa.text("fired_at IS NULL")
_UNSHOWN = sa.text("shown <> 'over'")


def upgrade() -> None:
    op.add_column("cases", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("case_events", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.alter_column("version", existing_type=_WHOLE, nullable=True)
    op.create_index("cases_by_customer", "cases", ["customer_id", "programme", "closed_at"])
    op.add_column("cases", sa.Column("undelivered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "delivery_steps",
        sa.Column("id", _WHOLE, autoincrement=True, nullable=False),
        sa.Column("outbox_id", sa.String(length=36), nullable=False),
        sa.Column("case_id", _WHOLE, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_delivery_steps_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_steps")),
    )
    op.create_index(op.f("ix_delivery_steps_case_id"), "delivery_steps", ["case_id"])
    op.create_index(op.f("ix_delivery_steps_outbox_id"), "delivery_steps", ["outbox_id"])
    op.create_table(
        "delivery_health",
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("failures", _WHOLE, nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("destination", name=op.f("pk_delivery_health")),
    )
    op.add_column("slack_outbox", sa.Column("content", sa.JSON(), nullable=True))
    op.create_table(
        "timers",
        sa.Column("id", _WHOLE, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("case_id", _WHOLE, nullable=False),
        sa.Column("case_version", _WHOLE, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_timers_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("key", name=op.f("uq_timers_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_timers_case_id"), "timers", ["case_id"])
    op.create_index(
        "timers_due",
        "timers",
        ["kind", "due_at"],
        sqlite_where=_UNFIRED,
        postgresql_where=_UNFIRED,
    )
    op.create_table(
        "silences",
        sa.Column("id", _WHOLE, autoincrement=True, nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_via", sa.String(length=16), nullable=False),
        sa.Column("created_key", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_via", sa.String(length=16), nullable=True),
        sa.Column("ended_key", sa.String(), nullable=True),
        sa.Column("shown", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
        sqlite_autoincrement=True,
    )
    op.create_index("silences_by_end", "silences", ["ends_at"])
    op.create_index("silences_to_show", "silences", ["shown"], sqlite_where=_UNSHOWN, postgresql_where=_UNSHOWN)
    op.create_index("alerts_by_arrival", "alerts", ["received_at"])
    op.add_column("slack_outbox", sa.Column("silence_id", _WHOLE, nullable=True))
    op.create_index("slack_outbox_by_silence", "slack_outbox", ["silence_id"])
    op.add_column("slack_outbox", sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE slack_outbox SET urgent = true WHERE case_id IN (SELECT id FROM cases WHERE severity = 'critical')"
    )
    op.create_table(
        "team_turns",
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("number", _WHOLE, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team", name=op.f("pk_team_turns")),
    )
    op.create_table(
        "slack_homes",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_slack_homes")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", _WHOLE, autoincrement=True, nullable=False),
        sa.Column("shared", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_case_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("running_key", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("running_key", name=op.f("uq_incidents_running_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "roll_ups",
        sa.Column("id", _WHOLE, autoincrement=True, nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("incident_id", _WHOLE, nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_case_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_key", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("ts", sa.String(), nullable=True),
        sa.Column("shown", _WHOLE, nullable=False),
        sa.Column("redraw_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plain", sa.Boolean(), nullable=False),
        sa.Column("dead_reason", sa.String(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_roll_ups_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_ups")),
        sa.UniqueConstraint("current_key", name=op.f("uq_roll_ups_current_key")),
        sqlite_autoincrement=True,
    )
    op.add_column("cases", sa.Column("burst_key", sa.String(length=64), nullable=True))
    op.add_column("cases", sa.Column("incident_id", _WHOLE, nullable=True))
    op.create_index("cases_by_incident", "cases", ["incident_id"])
    op.create_index("cases_by_burst", "cases", ["burst_key"])
    op.add_column("slack_outbox", sa.Column("roll_up_id", _WHOLE, nullable=True))
    op.create_index(op.f("ix_slack_outbox_roll_up_id"), "slack_outbox", ["roll_up_id"])
    op.create_index("slack_outbox_by_destination", "slack_outbox", ["destination", "created_at"])


def downgrade() -> None:
    op.drop_index("slack_outbox_by_destination")
    op.drop_index(op.f("ix_slack_outbox_roll_up_id"))
    op.drop_column("slack_outbox", "roll_up_id")
    op.drop_index("cases_by_burst")
    op.drop_index("cases_by_incident")
    op.drop_column("cases", "incident_id")
    op.drop_column("cases", "burst_key")
    op.drop_table("roll_ups")
    op.drop_table("incidents")
    op.drop_table("slack_homes")
    op.drop_table("team_turns")
    op.drop_column("slack_outbox", "urgent")
    op.drop_index("slack_outbox_by_silence", "slack_outbox")
    op.drop_column("slack_outbox", "silence_id")
    op.drop_index("alerts_by_arrival", "alerts")
    op.drop_index("silences_to_show", "silences")
    op.drop_index("silences_by_end", "silences")
    op.drop_table("silences")
    op.drop_index("timers_due", "timers")
    op.drop_index(op.f("ix_timers_case_id"), "timers")
    op.drop_table("timers")
    op.drop_column("slack_outbox", "content")
    op.drop_table("delivery_health")
    op.drop_index(op.f("ix_delivery_steps_outbox_id"), "delivery_steps")
    op.drop_index(op.f("ix_delivery_steps_case_id"), "delivery_steps")
    op.drop_table("delivery_steps")
    op.drop_column("cases", "undelivered_at")
    op.drop_index("cases_by_customer", "cases")
    op.drop_column("cases", "reopened_at")
    op.execute("DELETE FROM case_events WHERE version IS NULL")
    with op.batch_alter_table("case_events", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.alter_column("version", existing_type=_WHOLE, nullable=False)
