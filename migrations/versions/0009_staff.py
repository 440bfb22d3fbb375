"""Staff, their sign-ins, the audit log, approvals, acts for many, notes, freezes

Revision: 0009
After: 0008
Written: 2026-11-27 20:05:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHY = "lines of the audit log are never changed"


def upgrade() -> None:
    _staff()
    _audit()
    _desk()
    _bulk()
    _members()


def _staff() -> None:
    known = sa.text("subject <> ''")
    op.create_table(
        "staff",
        sa.Column("staff_id", COUNTED, nullable=False, autoincrement=True),
        sa.Column("name", sa.String(length=254), nullable=False),
        sa.Column("shown", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("password_at", INSTANT, nullable=True),
        sa.Column("totp", sa.String(length=300), nullable=False),
        sa.Column("totp_since", INSTANT, nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_name")),
    )
    op.create_index("uq_staff_subject", "staff", ["subject"], unique=True, postgresql_where=known, sqlite_where=known)
    op.create_table(
        "staff_sign_in",
        sa.Column("sign_in_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("staff_id", COUNTED, nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("place", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("stepped_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name=op.f("fk_staff_sign_in_staff_id_staff")),
        sa.PrimaryKeyConstraint("sign_in_id", name=op.f("pk_staff_sign_in")),
    )
    op.create_index(op.f("ix_staff_sign_in_staff_id"), "staff_sign_in", ["staff_id"])


def _audit() -> None:
    keyed = sa.text("key <> ''")
    op.create_table(
        "audit",
        sa.Column("n", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("place", sa.String(length=45), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    op.create_index("ix_audit_member_id_n", "audit", ["member_id", "n"])
    op.create_index("ix_audit_actor_n", "audit", ["actor", "n"])
    op.create_index("ix_audit_act_n", "audit", ["act", "n"])
    op.create_index("uq_audit_key", "audit", ["key"], unique=True, postgresql_where=keyed, sqlite_where=keyed)
    _only_added()


def _only_added() -> None:
    """Whatever program asks for it, the database refuses to change or delete a line."""
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{what.lower()} BEFORE {what} ON audit BEGIN SELECT RAISE(ABORT, '{WHY}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{WHY}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_only_added()"
    )
    op.execute(
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_only_added()"
    )


def _desk() -> None:
    waiting = sa.text("state = 'waiting'")
    op.create_table(
        "approval",
        sa.Column("approval_id", COUNTED, nullable=False, autoincrement=True),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("asked_by", COUNTED, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("decided_by", COUNTED, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused', 'withdrawn')", name=op.f("ck_approval_state")),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.staff_id"], name=op.f("fk_approval_asked_by_staff")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.staff_id"], name=op.f("fk_approval_decided_by_staff")),
        sa.PrimaryKeyConstraint("approval_id", name=op.f("pk_approval")),
        sa.UniqueConstraint("key", name=op.f("uq_approval_key")),
    )
    op.create_index(
        "ix_approval_waiting", "approval", ["asked_at"], postgresql_where=waiting, sqlite_where=waiting
    )
    op.create_index(op.f("ix_approval_number"), "approval", ["number"])
    op.create_index(op.f("ix_approval_asked_by"), "approval", ["asked_by"])
    op.create_table(
        "note",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("note_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_note_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "note_id", name=op.f("pk_note")),
    )


def _bulk() -> None:
    todo = sa.text("state = 'todo'")
    op.create_table(
        "bulk",
        sa.Column("bulk_id", COUNTED, nullable=False, autoincrement=True),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("largest", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", COUNTED, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused')", name=op.f("ck_bulk_state")),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.staff_id"], name=op.f("fk_bulk_asked_by_staff")),
        sa.PrimaryKeyConstraint("bulk_id", name=op.f("pk_bulk")),
        sa.UniqueConstraint("key", name=op.f("uq_bulk_key")),
    )
    op.create_table(
        "bulk_row",
        sa.Column("row_id", COUNTED, nullable=False, autoincrement=True),
        sa.Column("bulk_id", COUNTED, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('todo', 'done', 'repeated', 'refused')", name=op.f("ck_bulk_row_state")),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk.bulk_id"], name=op.f("fk_bulk_row_bulk_id_bulk")),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_bulk_row")),
    )
    op.create_index("ix_bulk_row_todo", "bulk_row", ["row_id"], postgresql_where=todo, sqlite_where=todo)
    op.create_index("ix_bulk_row_bulk_id_line", "bulk_row", ["bulk_id", "line"], unique=True)


def _members() -> None:
    holds = sa.text("ended_at IS NULL")
    op.create_table(
        "member_freeze",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("n", sa.SmallInteger(), nullable=False),
        sa.Column("frozen_at", INSTANT, nullable=False),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.String(length=254), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_freeze_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_member_freeze")),
    )
    op.create_index(
        "uq_member_freeze_holds", "member_freeze", ["member_id"], unique=True, postgresql_where=holds, sqlite_where=holds
    )


def downgrade() -> None:
    for table in ("member_freeze", "bulk_row", "bulk", "note", "approval", "audit", "staff_sign_in", "staff"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_only_added()")
