"""Runs that staff ask for; points outstanding for each day

Revision: 0012
After: 0011
Written: 2026-11-27 22:40:00
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("asked_by", sa.String(length=254), server_default="", nullable=False))
    op.add_column("run", sa.Column("waits", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "snapshot_points",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("came", sa.BigInteger(), nullable=False),
        sa.Column("went", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["snapshot.day"], name=op.f("fk_snapshot_points_day_snapshot")),
        sa.PrimaryKeyConstraint("day", "unit", name=op.f("pk_snapshot_points")),
    )
    # the days that were kept without points are behind what is known of them: the job takes them again
    snapshot = sa.table("snapshot", sa.column("taken_at", sa.DateTime(timezone=True)))
    op.execute(snapshot.update().values(taken_at=datetime(1970, 1, 1, tzinfo=UTC)))


def downgrade() -> None:
    op.drop_table("snapshot_points")
    op.drop_column("run", "waits")
    op.drop_column("run", "asked_by")
