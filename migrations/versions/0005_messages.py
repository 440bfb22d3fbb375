"""messages

Revision: 0005
After: 0004
Written: 2026-11-27 16:26:10.331681
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    op.create_table(
        "suppression",
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_suppression")),
    )
    op.create_table(
        "telling",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "noted_at", name=op.f("pk_telling")),
    )
    op.create_index("ix_telling_noted_at", "telling", ["noted_at"], unique=False)

    op.create_table(
        "consent_change",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("consent", sa.String(length=40), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_consent_change_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_consent_change")),
    )
    op.create_table(
        "digest_change",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_digest_change_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_digest_change")),
    )
    op.create_table(
        "message",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("consent", sa.String(length=40), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("claimed_by", sa.String(length=40), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sending', 'sent', 'failed', 'dropped')", name=op.f("ck_message_state")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_message_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "message_id", name=op.f("pk_message")),
    )
    op.create_index(
        "ix_message_open", "message", ["priority", "next_at"], unique=False, postgresql_where=OPEN, sqlite_where=OPEN
    )

    op.create_table(
        "notice",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("notice_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_notice_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "notice_id", name=op.f("pk_notice")),
    )
    op.create_table(
        "bounce",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("bounce_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id", "message_id"],
            ["message.member_id", "message.message_id"],
            name=op.f("fk_bounce_member_id_message_id_message"),
        ),
        sa.PrimaryKeyConstraint("member_id", "message_id", "bounce_id", name=op.f("pk_bounce")),
    )


def downgrade() -> None:
    op.drop_table("bounce")
    op.drop_table("notice")
    op.drop_index("ix_message_open", table_name="message")

    op.drop_table("message")
    op.drop_table("digest_change")
    op.drop_table("consent_change")
    op.drop_index("ix_telling_noted_at", table_name="telling")

    op.drop_table("telling")
    op.drop_table("suppression")
