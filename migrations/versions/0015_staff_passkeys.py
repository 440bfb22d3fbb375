"""Passkeys of staff

Revision: 0015
After: 0014
Written: 2026-11-27 23:05:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "staff_passkey",
        sa.Column("passkey_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("staff_id", COUNTED, nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name=op.f("fk_staff_passkey_staff_id_staff")),
        sa.PrimaryKeyConstraint("passkey_id", name=op.f("pk_staff_passkey")),
    )
    op.create_index(op.f("ix_staff_passkey_staff_id"), "staff_passkey", ["staff_id"])


def downgrade() -> None:
    op.drop_table("staff_passkey")
