"""The words by which members are found; activities and requests found by their key

Revision: 0010
After: 0009
Written: 2026-11-27 20:45:00
"""

import sqlalchemy as sa
from alembic import op

from loyalty.members.words import words_of

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql")
#: Members whose words are written at a time.
STRETCH = 5000


def upgrade() -> None:
    words = op.create_table(
        "member_word",
        sa.Column("member_id", COUNTED, nullable=False),
        sa.Column("word", WORD, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name=op.f("fk_member_word_member_id_member")),
        sa.PrimaryKeyConstraint("member_id", "word", name=op.f("pk_member_word")),
    )
    _fill(words)
    op.create_index("ix_member_word_word_member_id", "member_word", ["word", "member_id"])
    op.create_index("ix_activity_key", "activity", ["key"])
    op.create_index("ix_request_key", "request", ["key"])


def _fill(words: sa.Table) -> None:
    """The words of the members that there are."""
    member = sa.table("member", *(sa.column(name) for name in ("member_id", "name", "email", "phone")))
    connection, last = op.get_bind(), 0
    while True:
        query = sa.select(member).where(member.c.member_id > last).order_by(member.c.member_id).limit(STRETCH)
        found = connection.execute(query).all()
        if not found:
            return
        rows = [{"member_id": one.member_id, "word": word} for one in found for word in words_of(one.name, one.email, one.phone)]
        if rows:
            connection.execute(words.insert(), rows)
        last = found[-1].member_id


def downgrade() -> None:
    op.drop_index("ix_request_key", "request")
    op.drop_index("ix_activity_key", "activity")
    op.drop_table("member_word")
