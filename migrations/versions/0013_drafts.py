"""Drafts of editions, tried on everyone, published by two

Revision: 0013
After: 0012
Written: 2026-11-27 22:50:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _drafts()
    _trials()


def _drafts() -> None:
    op.create_table(
        "draft",
        sa.Column("draft_id", COUNTED, nullable=False, autoincrement=True),
        sa.Column("program", sa.String(length=40), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_draft")),
        sa.UniqueConstraint("key", name=op.f("uq_draft_key")),
    )
    op.create_table(
        "draft_file",
        sa.Column("draft_id", COUNTED, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.draft_id"], name=op.f("fk_draft_file_draft_id_draft")),
        sa.PrimaryKeyConstraint("draft_id", "name", name=op.f("pk_draft_file")),
    )
    with op.batch_alter_table("edition") as edition:
        edition.add_column(sa.Column("draft_id", COUNTED, nullable=True))
        edition.create_foreign_key(op.f("fk_edition_draft_id_draft"), "draft", ["draft_id"], ["draft_id"])


def _trials() -> None:
    under_way = sa.text("state IN ('waiting', 'running')")
    op.create_table(
        "trial",
        sa.Column("trial_id", COUNTED, nullable=False, autoincrement=True),
        sa.Column("draft_id", COUNTED, nullable=True),
        sa.Column("begins", sa.Date(), nullable=True),
        sa.Column("on", sa.Date(), nullable=True),
        sa.Column("asked_by", sa.String(length=254), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'stopped')", name=op.f("ck_trial_state")),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.draft_id"], name=op.f("fk_trial_draft_id_draft")),
        sa.PrimaryKeyConstraint("trial_id", name=op.f("pk_trial")),
    )
    op.create_index("ix_trial_draft_id", "trial", ["draft_id"])
    op.create_index(
        "uq_trial_open", "trial", [sa.text("(1)")], unique=True, postgresql_where=under_way, sqlite_where=under_way
    )
    trial = sa.ForeignKeyConstraint(["trial_id"], ["trial.trial_id"], name=op.f("fk_trial_part_trial_id_trial"))
    op.create_table(
        "trial_part",
        sa.Column("trial_id", COUNTED, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        trial,
        sa.PrimaryKeyConstraint("trial_id", "n", name=op.f("pk_trial_part")),
    )
    op.create_table(
        "trial_move",
        sa.Column("trial_id", COUNTED, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("move", sa.String(length=8), nullable=False),
        sa.Column("now", sa.String(length=40), nullable=False),
        sa.Column("through_now", sa.Date(), nullable=True),
        sa.Column("then", sa.String(length=40), nullable=False),
        sa.Column("through_then", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.trial_id"], name=op.f("fk_trial_move_trial_id_trial")),
        sa.PrimaryKeyConstraint("trial_id", "number", name=op.f("pk_trial_move")),
    )
    op.create_table(
        "trial_scenario",
        sa.Column("trial_id", COUNTED, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=True),
        sa.Column("found", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.trial_id"], name=op.f("fk_trial_scenario_trial_id_trial")),
        sa.PrimaryKeyConstraint("trial_id", "n", name=op.f("pk_trial_scenario")),
    )


def downgrade() -> None:
    for table in ("trial_scenario", "trial_move", "trial_part"):
        op.drop_table(table)
    op.drop_index("uq_trial_open", "trial")
    op.drop_index("ix_trial_draft_id", "trial")
    op.drop_table("trial")
    # an edition that was published from a draft goes with it: nothing could read its rules any more
    op.execute("DELETE FROM edition WHERE draft_id IS NOT NULL")
    with op.batch_alter_table("edition") as edition:
        edition.drop_constraint(op.f("fk_edition_draft_id_draft"), type_="foreignkey")
        edition.drop_column("draft_id")
    op.drop_table("draft_file")
    op.drop_table("draft")
