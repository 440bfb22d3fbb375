"""what ladders give beside tiers, offers, attributes that change

Revision: 0002
After: 0001
Written: 2026-11-22 05:55:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("status_fact", sa.Column("offer", sa.String(length=40), nullable=True))
    op.create_table(
        "attribute_change",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_attribute_change_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_attribute_change")),
    )
    op.create_table(
        "status_award",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("edition", sa.String(length=10), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("window_on", sa.Date(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("gifts", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.BigInteger(), nullable=False),
        sa.Column("choose_by", sa.Date(), nullable=True),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_status_award_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_status_award")),
    )


def downgrade() -> None:
    op.drop_table("status_award")
    op.drop_table("attribute_change")
    op.drop_column("status_fact", "offer")
