"""Cases that members open for staff, with their log; households

Revision: 0008
After: 0007
Written: 2026-11-27 19:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state = 'open'")
JOINED = sa.text("state = 'joined'")


def upgrade() -> None:
    op.create_table(
        "case",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.CheckConstraint("state IN ('open', 'answered', 'closed')", name=op.f("ck_case_state")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_case_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "case_id", name=op.f("pk_case")),
    )
    op.create_index("ix_case_open", "case", ["made_at"], postgresql_where=OPEN, sqlite_where=OPEN)
    op.create_table(
        "case_change",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id", "case_id"], ["case.member_id", "case.case_id"], name=op.f("fk_case_change_member_id_case_id_case")
        ),
        sa.PrimaryKeyConstraint("member_id", "case_id", "n", name=op.f("pk_case_change")),
    )
    op.create_table(
        "household_member",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("head", sa.Boolean(), nullable=False),
        sa.Column("invited_by", sa.String(length=40), nullable=False),
        sa.Column("invited_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "state IN ('invited', 'joined', 'declined', 'left')", name=op.f("ck_household_member_state")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_household_member_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "household_id", name=op.f("pk_household_member")),
    )
    op.create_index(op.f("ix_household_member_household_id"), "household_member", ["household_id"])
    op.create_index(
        "uq_household_member_joined", "household_member", ["member_id"], unique=True, postgresql_where=JOINED,
        sqlite_where=JOINED,
    )  # fmt: skip


def downgrade() -> None:
    for table in ("household_member", "case_change", "case"):
        op.drop_table(table)
