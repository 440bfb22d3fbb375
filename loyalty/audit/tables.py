"""The audit log."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant

#: Of who acted, from where, and of the chain: the member whose line it is gets to read what was done and why, not these.
OTHERS = {"secret": True}
#: Lines of acts that can be sent twice.
KEYED = text("key <> ''")


class AuditLine(Base):
    """The n-th act. Never updated, never deleted: the database refuses both.

    `kind` of actor is staff, command or job; `actor_id` the staff's number, 0 for the others; `actor` the name as it was then.
    `member_id` is on whose behalf it was done, none where it is about no member. `what` is JSON. `hash` is over all before it,
    and `previous` is the hash of the line before, empty in the first.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_member_id_n", "member_id", "n"),
        Index("ix_audit_actor_n", "actor", "n"),
        Index("ix_audit_act_n", "act", "n"),
        Index("uq_audit_key", "key", unique=True, postgresql_where=KEYED, sqlite_where=KEYED),
    )

    n: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    kind: Mapped[str] = mapped_column(String(12))
    actor_id: Mapped[int] = mapped_column(BigInteger, info=OTHERS)
    actor: Mapped[str] = mapped_column(String(254), info=OTHERS)
    place: Mapped[str] = mapped_column(String(45), info=OTHERS)
    act: Mapped[str] = mapped_column(String(40))
    member_id: Mapped[int | None] = mapped_column(BigInteger)
    what: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(200), info=OTHERS)
    previous: Mapped[str] = mapped_column(String(64), info=OTHERS)
    hash: Mapped[str] = mapped_column(String(64), info=OTHERS)
