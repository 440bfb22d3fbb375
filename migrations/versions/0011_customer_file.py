"""The customer file: its facts, who looks after the member, contacts, other programs; waypoints of long histories

Revision: 0011
After: 0010
Written: 2026-11-27 22:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _file()
    op.create_index("ix_entry_member_id_posted_on", "entry", ["member_id", "posted_on"])
    op.create_index("ix_activity_member_id_on", "activity", ["member_id", "on"])
    op.create_table(
        "waypoint",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("known", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("sums", sa.Text(), nullable=False),
        sa.Column("walk", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_waypoint_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_waypoint")),
    )


def _file() -> None:
    op.create_table(
        "member_file",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("manager_id", COUNTED, nullable=True),
        sa.Column("reviewed_at", INSTANT, nullable=True),
        sa.Column("reviewed_by", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["staff.staff_id"], name=op.f("fk_member_file_manager_id_staff")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_file_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_file")),
    )
    op.create_index("ix_member_file_manager_id_reviewed_at", "member_file", ["manager_id", "reviewed_at"])
    op.create_table(
        "member_contact",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("relation", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_contact_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "contact_id", name=op.f("pk_member_contact")),
    )
    op.create_table(
        "member_competitor",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("competitor_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("program", sa.String(length=100), nullable=False),
        sa.Column("tier", sa.String(length=100), nullable=False),
        sa.Column("share", sa.SmallInteger(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("share IS NULL OR share BETWEEN 0 AND 100", name=op.f("ck_member_competitor_percent")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_competitor_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "competitor_id", name=op.f("pk_member_competitor")),
    )


def downgrade() -> None:
    op.drop_table("waypoint")
    op.drop_index("ix_activity_member_id_on", "activity")
    op.drop_index("ix_entry_member_id_posted_on", "entry")
    op.drop_table("member_competitor")
    op.drop_table("member_contact")
    op.drop_index("ix_member_file_manager_id_reviewed_at", "member_file")
    op.drop_table("member_file")
