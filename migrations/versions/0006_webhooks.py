"""Webhooks: endpoints, secrets, deliveries, attempts; members noted for them; when an award was withdrawn

Revision: 0006
After: 0005
Written: 2026-11-27 17:30:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    op.add_column("status_award", sa.Column("withdrawn_at", INSTANT, nullable=True))
    op.create_table(
        "announcing",
        sa.Column("member_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("note_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.Column("look_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "note_id", name=op.f("pk_announcing")),
    )
    op.create_index(op.f("ix_announcing_look_at"), "announcing", ["look_at"])
    op.create_table(
        "webhook_endpoint",
        sa.Column("endpoint_id", COUNTED, nullable=False, autoincrement=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("delivered_at", INSTANT, nullable=True),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("acts", sa.Integer(), nullable=False),
        sa.Column("secrets", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'disabled', 'removed')", name=op.f("ck_webhook_endpoint_state")),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_endpoint")),
    )
    for table, columns in (
        ("webhook_secret", (sa.Column("secret", sa.String(length=100), nullable=False),
                            sa.Column("created_at", INSTANT, nullable=False),
                            sa.Column("expires_at", INSTANT, nullable=True))),
        ("webhook_act", (sa.Column("act", sa.String(length=12), nullable=False),
                         sa.Column("author", sa.String(length=100), nullable=False),
                         sa.Column("reason", sa.Text(), nullable=False),
                         sa.Column("details", sa.Text(), nullable=False),
                         sa.Column("at", INSTANT, nullable=False))),
    ):
        op.create_table(
            table,
            sa.Column("endpoint_id", COUNTED, nullable=False),
            sa.Column("n", sa.Integer(), nullable=False),
            *columns,
            sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.endpoint_id"],
                                    name=op.f(f"fk_{table}_endpoint_id_webhook_endpoint")),
            sa.PrimaryKeyConstraint("endpoint_id", "n", name=op.f(f"pk_{table}")),
        )
    op.create_table(
        "webhook_delivery",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("endpoint_id", COUNTED, nullable=False),
        sa.Column("fact_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("known_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failed", sa.SmallInteger(), nullable=False),
        sa.Column("claimed_by", sa.String(length=40), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sending', 'delivered', 'failed', 'dropped')",
                           name=op.f("ck_webhook_delivery_state")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_webhook_delivery_member_id_member")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.endpoint_id"],
                                name=op.f("fk_webhook_delivery_endpoint_id_webhook_endpoint")),
        sa.PrimaryKeyConstraint("member_id", "endpoint_id", "fact_id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index("ix_webhook_delivery_open", "webhook_delivery", ["endpoint_id", "next_at"],
                    postgresql_where=OPEN, sqlite_where=OPEN)
    op.create_index("ix_webhook_delivery_line", "webhook_delivery", ["endpoint_id", "member_id", "n"], unique=True)
    op.create_table(
        "webhook_attempt",
        sa.Column("member_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("fact_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("took", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id", "endpoint_id", "fact_id"],
            ["webhook_delivery.member_id", "webhook_delivery.endpoint_id", "webhook_delivery.fact_id"],
            name="fk_webhook_attempt_webhook_delivery",
        ),
        sa.PrimaryKeyConstraint("member_id", "endpoint_id", "fact_id", "n", name=op.f("pk_webhook_attempt")),
    )


def downgrade() -> None:
    for table in ("webhook_attempt", "webhook_delivery", "webhook_act", "webhook_secret", "webhook_endpoint", "announcing"):
        op.drop_table(table)
    op.drop_column("status_award", "withdrawn_at")
