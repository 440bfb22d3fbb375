"""runs of every job: items in place of members, why a run broke off; members per tier for each day

Revision: 0004
After: 0003
Written: 2026-11-27 16:20:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: (table, old, new): both databases rename a column in place.
RENAMED = (("run", "members", "items"), ("run_chunk", "members", "items"), ("run_failure", "member_id", "item"))


def upgrade() -> None:
    for table, old, new in RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    op.add_column("run", sa.Column("chunks", sa.Integer(), nullable=True))
    op.add_column("run", sa.Column("error", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("crashes", sa.Integer(), server_default="0", nullable=False))
    # runs begun before have their chunks
    op.execute("UPDATE run SET chunks = (SELECT count(*) FROM run_chunk c WHERE c.job = run.job AND c.due = run.due)")
    op.create_table(
        "snapshot",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "snapshot_tier",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["snapshot.day"], name=op.f("fk_snapshot_tier_day_snapshot")),
        sa.PrimaryKeyConstraint("day", "tier", "source", name=op.f("pk_snapshot_tier")),
    )
    op.create_table(
        "snapshot_move",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("old", sa.String(length=40), nullable=False),
        sa.Column("new", sa.String(length=40), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["snapshot.day"], name=op.f("fk_snapshot_move_day_snapshot")),
        sa.PrimaryKeyConstraint("day", "old", "new", name=op.f("pk_snapshot_move")),
    )


def downgrade() -> None:
    op.drop_table("snapshot_move")
    op.drop_table("snapshot_tier")
    op.drop_table("snapshot")
    for column in ("crashes", "error", "chunks"):
        op.drop_column("run", column)
    for table, old, new in reversed(RENAMED):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
