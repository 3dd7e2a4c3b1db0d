"""From anywhere: what keeps the way in, from keys to hooks, and the touchpoints around a case.

Only additions that a room of the version before can live with: it neither reads nor writes them (docs/upgrading.md).
"""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
