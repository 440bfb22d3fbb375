"""benefits and requests

Revision: 0003
After: 0002
Written: 2026-11-27 16:04:22.770482
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "service",
        sa.Column("service_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('open', 'closed', 'cancelled')", name=op.f("ck_service_state")),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_service")),
    )
    op.create_index("ix_service_look_at", "service", ["look_at"], unique=False)
    op.create_index("ix_service_starts_at", "service", ["starts_at"], unique=False)

    op.create_table(
        "benefit_grant",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("grant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("approver", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_benefit_grant_amount_not_negative")),
        sa.CheckConstraint("until IS NULL OR until > begins", name=op.f("ck_benefit_grant_span_forwards")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_benefit_grant_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "grant_id", name=op.f("pk_benefit_grant")),
    )
    op.create_table(
        "benefit_pick",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("choice", sa.String(length=40), nullable=False),
        sa.Column("period_on", sa.Date(), nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("option", sa.String(length=40), nullable=False),
        sa.Column("picked_on", sa.Date(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_benefit_pick_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "choice", "period_on", "n", name=op.f("pk_benefit_pick")),
    )
    op.create_table(
        "benefit_use",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("use_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.Column("service_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("returned_by", sa.String(length=100), nullable=False),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("return_key", sa.String(length=200), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.CheckConstraint("state IN ('held', 'used', 'returned')", name=op.f("ck_benefit_use_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_benefit_use_amount_positive")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_benefit_use_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "use_id", "n", name=op.f("pk_benefit_use")),
    )
    op.create_table(
        "companion",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("companion_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sharing", sa.String(length=40), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("tier", sa.String(length=40), nullable=True),
        sa.Column("tiers", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.String(length=100), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("until IS NULL OR until > begins", name=op.f("ck_companion_span_forwards")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_companion_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "companion_id", name=op.f("pk_companion")),
    )
    op.create_table(
        "request",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("edition", sa.Date(), nullable=False),
        sa.Column("from_class", sa.String(length=40), nullable=False),
        sa.Column("to_class", sa.String(length=40), nullable=False),
        sa.Column("size", sa.SmallInteger(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("instrument", sa.String(length=40), nullable=True),
        sa.Column("booked_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("passed", sa.String(length=40), nullable=False),
        sa.Column("passed_details", sa.Text(), nullable=False),
        sa.Column("skipped", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('refused', 'pending', 'waitlisted', 'confirmed', 'cleared', 'not_cleared', 'cancelled')",
            name=op.f("ck_request_state"),
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_request_size_positive")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_request_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "request_id", name=op.f("pk_request")),
    )
    op.create_index("ix_request_service_id_state", "request", ["service_id", "state"], unique=False)
    pending = sa.text("state = 'pending'")
    op.create_index(
        "ix_request_opens_at", "request", ["opens_at"], unique=False, postgresql_where=pending, sqlite_where=pending
    )

    op.create_table(
        "service_change",
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("input_hash", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.service_id"], name=op.f("fk_service_change_service_id_service")),
        sa.PrimaryKeyConstraint("service_id", "n", name=op.f("pk_service_change")),
    )
    op.create_table(
        "service_class",
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("class", sa.String(length=40), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("taken >= 0 AND taken <= units", name=op.f("ck_service_class_taken_within_units")),
        sa.ForeignKeyConstraint(["service_id"], ["service.service_id"], name=op.f("fk_service_class_service_id_service")),
        sa.PrimaryKeyConstraint("service_id", "class", name=op.f("pk_service_class")),
    )
    op.create_table(
        "request_change",
        sa.Column("member_id", ID, autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id", "request_id"],
            ["request.member_id", "request.request_id"],
            name=op.f("fk_request_change_member_id_request_id_request"),
        ),
        sa.PrimaryKeyConstraint("member_id", "request_id", "n", name=op.f("pk_request_change")),
    )
    op.create_index("ix_request_change_at", "request_change", ["at"], unique=False)

    op.create_table(
        "request_companion",
        sa.Column("member_id", ID, autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id", "request_id"],
            ["request.member_id", "request.request_id"],
            name=op.f("fk_request_companion_member_id_request_id_request"),
        ),
        sa.PrimaryKeyConstraint("member_id", "request_id", "n", name=op.f("pk_request_companion")),
    )
    op.create_index("ix_request_companion_number", "request_companion", ["number"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_request_companion_number", table_name="request_companion")

    op.drop_table("request_companion")
    op.drop_index("ix_request_change_at", table_name="request_change")

    op.drop_table("request_change")
    op.drop_table("service_class")
    op.drop_table("service_change")
    op.drop_index("ix_request_opens_at", table_name="request")
    op.drop_index("ix_request_service_id_state", table_name="request")

    op.drop_table("request")
    op.drop_table("companion")
    op.drop_table("benefit_use")
    op.drop_table("benefit_pick")
    op.drop_table("benefit_grant")
    op.drop_index("ix_service_starts_at", table_name="service")
    op.drop_index("ix_service_look_at", table_name="service")

    op.drop_table("service")
