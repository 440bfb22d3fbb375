"""How members sign in: passwords and second steps, sign-ins, passkeys, one-use links, failed attempts

Revision: 0007
After: 0006
Written: 2026-11-27 19:20:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNSENT = sa.text("state = 'waiting'")


def upgrade() -> None:
    _of_member(
        "login", sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("password_at", INSTANT, nullable=True), sa.Column("totp", sa.String(length=300), nullable=False),
        sa.Column("totp_since", INSTANT, nullable=True), sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("recovery", sa.Text(), nullable=False),
    )  # fmt: skip
    _of_member(
        "sign_in", sa.Column("sign_in_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("how", sa.String(length=12), nullable=False), sa.Column("place", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False), sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False), sa.Column("ended_at", INSTANT, nullable=True), key="sign_in_id",
    )  # fmt: skip
    _of_member(
        "passkey", sa.Column("passkey_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False), sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False), sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False), sa.Column("used_at", INSTANT, nullable=True), key="passkey_id",
    )  # fmt: skip
    op.create_table(
        "link",
        sa.Column("link_id", COUNTED, nullable=False, autoincrement=True),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("member_id", COUNTED, nullable=True),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name=op.f("ck_link_state")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_link_member_id_member")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_link")),
    )
    op.create_index(op.f("ix_link_member_id"), "link", ["member_id"])
    op.create_index("ix_link_unsent", "link", ["next_at"], postgresql_where=UNSENT, sqlite_where=UNSENT)
    op.create_index("ix_link_address_made_at", "link", ["address", "made_at"])
    op.create_index("ix_member_email", "member", [sa.text("lower(email)")])
    op.create_table(
        "attempt",
        sa.Column("subject", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("locked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_attempt")),
    )


def _of_member(table: str, *columns: sa.Column, key: str | None = None) -> None:
    op.create_table(
        table,
        sa.Column("member_id", COUNTED, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f(f"fk_{table}_member_id_member")),
        sa.PrimaryKeyConstraint(*["member_id", *([key] if key else [])], name=op.f(f"pk_{table}")),
    )
    if key:
        op.create_index(op.f(f"ix_{table}_{key}"), table, [key])


def downgrade() -> None:
    op.drop_index("ix_member_email", "member")
    for table in ("attempt", "link", "passkey", "sign_in", "login"):
        op.drop_table(table)
