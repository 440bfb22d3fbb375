"""first tables

Revision: 0001
After:
Written: 2026-11-22 03:00:54.382076
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.Date(), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "activity_id", name="pk_activity"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "edition",
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("program", sa.String(length=40), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("begins", name=op.f("pk_edition")),
    )
    op.create_table(
        "entry",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("cause_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("line", sa.String(length=40), nullable=True),
        sa.Column("reverses", sa.SmallInteger(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_entry_amount_not_zero")),
        sa.PrimaryKeyConstraint(
            "member_id", "cause_id", "n", name="pk_entry", postgresql_include=["unit", "amount", "on", "posted_on"]
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_file",
        sa.Column(
            "import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("mapping", sa.String(length=80), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.Column("repeated", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_import_file")),
    )
    op.create_index(op.f("ix_import_file_mapping"), "import_file", ["mapping"], unique=False)
    op.create_table(
        "member",
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("enrolled_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("left_on IS NULL OR left_on >= enrolled_on", name=op.f("ck_member_left_after_enrolled")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member")),
        sa.UniqueConstraint("number", name=op.f("uq_member_number")),
    )
    op.create_table(
        "run",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("everyone", sa.Boolean(), nullable=False),
        sa.Column("scheduled", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('running', 'done', 'failed')", name=op.f("ck_run_status")),
        sa.PrimaryKeyConstraint("job", "due", name=op.f("pk_run")),
    )
    op.create_table(
        "adjustment",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_adjustment_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "cause_id", name=op.f("pk_adjustment")),
    )
    op.create_table(
        "reversal",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id", "activity_id"],
            ["activity.member_id", "activity.activity_id"],
            name=op.f("fk_reversal_member_id_activity_id_activity"),
        ),
        sa.PrimaryKeyConstraint("member_id", "activity_id", name=op.f("pk_reversal")),
    )
    op.create_table(
        "run_chunk",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job", "due"], ["run.job", "run.due"], name=op.f("fk_run_chunk_job_due_run")),
        sa.PrimaryKeyConstraint("job", "due", "n", name=op.f("pk_run_chunk")),
    )
    op.create_table(
        "run_failure",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job", "due"], ["run.job", "run.due"], name=op.f("fk_run_failure_job_due_run")),
        sa.PrimaryKeyConstraint("job", "due", "member_id", name=op.f("pk_run_failure")),
    )
    op.create_table(
        "standing",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=True),
        sa.Column("opening", sa.String(length=40), nullable=True),
        sa.Column("begins", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("folded_on", sa.Date(), nullable=True),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("spans", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("spans_digest", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_standing_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_standing")),
    )
    op.create_index(op.f("ix_standing_review_on"), "standing", ["review_on"], unique=False)
    op.create_table(
        "status_change",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("old", sa.String(length=40), nullable=True),
        sa.Column("new", sa.String(length=40), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_status_change_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_status_change")),
    )
    op.create_index(op.f("ix_status_change_effective_on"), "status_change", ["effective_on"], unique=False)
    op.create_table(
        "status_fact",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fact_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("revokes", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(length=100), nullable=False),
        sa.Column("approver", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("input_hash", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("until IS NULL OR until > begins", name=op.f("ck_status_fact_span_forwards")),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_status_fact_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "fact_id", name=op.f("pk_status_fact")),
    )
    op.create_table(
        "tier_span",
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("opening", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_tier_span_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_tier_span")),
    )


def downgrade() -> None:
    op.drop_table("tier_span")
    op.drop_table("status_fact")
    op.drop_index(op.f("ix_status_change_effective_on"), table_name="status_change")
    op.drop_table("status_change")
    op.drop_index(op.f("ix_standing_review_on"), table_name="standing")
    op.drop_table("standing")
    op.drop_table("run_failure")
    op.drop_table("run_chunk")
    op.drop_table("reversal")
    op.drop_table("adjustment")
    op.drop_table("run")
    op.drop_table("member")
    op.drop_index(op.f("ix_import_file_mapping"), table_name="import_file")
    op.drop_table("import_file")
    op.drop_table("entry")
    op.drop_table("edition")
    op.drop_table("activity")
