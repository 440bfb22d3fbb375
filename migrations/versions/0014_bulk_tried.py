"""Bulks that are tried before they are sent

Revision: 0014
After: 0013
Written: 2026-11-27 22:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TODO, UNTRIED = sa.text("state = 'todo'"), sa.text("tried = ''")
STATES = "state IN ('waiting', 'approved', 'refused')"
MORE = "state IN ('draft', 'waiting', 'approved', 'refused', 'dropped')"
TRIED = "tried IN ('', 'changes', 'same', 'refused')"


def upgrade() -> None:
    with op.batch_alter_table("bulk") as table:
        for name, empty in (("chosen", "{}"), ("shared", "{}"), ("effect", "")):
            table.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=empty))
        table.add_column(sa.Column("tried_at", INSTANT, nullable=True))
        table.drop_constraint(op.f("ck_bulk_state"), type_="check")
        table.create_check_constraint(op.f("ck_bulk_state"), MORE)
    op.drop_index("ix_bulk_row_todo", "bulk_row")
    with op.batch_alter_table("bulk_row") as table:
        table.add_column(sa.Column("tried", sa.String(length=8), nullable=False, server_default=""))
        table.add_column(sa.Column("told", sa.Text(), nullable=False, server_default=""))
        table.create_check_constraint(op.f("ck_bulk_row_tried"), TRIED)
    for name, columns in (("bulk", ("chosen", "shared", "effect")), ("bulk_row", ("tried", "told"))):
        with op.batch_alter_table(name) as table:
            for column in columns:
                table.alter_column(column, server_default=None)
    op.create_index("ix_bulk_row_todo", "bulk_row", ["bulk_id", "row_id"], postgresql_where=TODO, sqlite_where=TODO)
    op.create_index("ix_bulk_row_untried", "bulk_row", ["bulk_id", "row_id"], postgresql_where=UNTRIED, sqlite_where=UNTRIED)


def downgrade() -> None:
    op.execute("DELETE FROM bulk_row WHERE bulk_id IN (SELECT bulk_id FROM bulk WHERE state IN ('draft', 'dropped'))")
    op.execute("DELETE FROM bulk WHERE state IN ('draft', 'dropped')")
    op.drop_index("ix_bulk_row_untried", "bulk_row")
    op.drop_index("ix_bulk_row_todo", "bulk_row")
    with op.batch_alter_table("bulk_row") as table:
        table.drop_constraint(op.f("ck_bulk_row_tried"), type_="check")
        table.drop_column("told")
        table.drop_column("tried")
    op.create_index("ix_bulk_row_todo", "bulk_row", ["row_id"], postgresql_where=TODO, sqlite_where=TODO)
    with op.batch_alter_table("bulk") as table:
        table.drop_constraint(op.f("ck_bulk_state"), type_="check")
        table.create_check_constraint(op.f("ck_bulk_state"), STATES)
        for name in ("effect", "tried_at", "shared", "chosen"):
            table.drop_column(name)
