"""People, time and delivery: what routing, escalations and the fallbacks of messages remember."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
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


def downgrade() -> None:
    op.drop_table("delivery_health")
    op.drop_index(op.f("ix_delivery_steps_outbox_id"), "delivery_steps")
    op.drop_index(op.f("ix_delivery_steps_case_id"), "delivery_steps")
    op.drop_table("delivery_steps")
    op.drop_column("cases", "undelivered_at")
