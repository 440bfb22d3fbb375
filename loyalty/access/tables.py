"""What proves that a member is who they say, and where they are signed in. Secrets are kept as digests or sealed."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant

#: Marks a column whose content nobody is given, not even its member.
SECRET = {"secret": True}
#: Links whose letter is still to be sent.
UNSENT = text("state = 'waiting'")


class Login(Base):
    """How a member signs in. `password` is an argon2 hash, empty where none is set; a link by mail always works.

    `totp` is the secret of the second step, sealed; it counts from `totp_since` on. `totp_step` is the step that was used
    last: a code works once. `recovery` are the digests of the recovery codes that are left, as JSON.
    """

    __tablename__ = "login"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    password: Mapped[str] = mapped_column(String(200), default="", info=SECRET)
    password_at: Mapped[datetime | None] = mapped_column(Instant)
    totp: Mapped[str] = mapped_column(String(300), default="", info=SECRET)
    totp_since: Mapped[datetime | None] = mapped_column(Instant)
    totp_step: Mapped[int | None] = mapped_column(BigInteger, info=SECRET)
    recovery: Mapped[str] = mapped_column(Text, default="[]", info=SECRET)


class SignIn(Base):
    """One sign-in, from its start to its end. `sign_in_id` is the digest of the token that the browser keeps.

    `how` is password, link or passkey; `place` the network address, `agent` what the browser calls itself.
    """

    __tablename__ = "sign_in"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    sign_in_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True, info=SECRET)
    how: Mapped[str] = mapped_column(String(12))
    place: Mapped[str] = mapped_column(String(45), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    started_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class Passkey(Base):
    """A key of WebAuthn. `passkey_id` is the digest of the credential's id; `uses` its counter of signatures."""

    __tablename__ = "passkey"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    passkey_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    credential: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)
    public_key: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)
    uses: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Link(Base):
    """A link that works once, and the letter that carries it to an address: to sign in, to join, to confirm an address.

    The link itself is signed when the letter is sent and is kept nowhere. `fields` are JSON: what was asked for. `member_id`
    is none for who joins, and for an address that several have or nobody. `state`, of the letter, is waiting, sent or failed.
    """

    __tablename__ = "link"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'failed')", "state"),
        Index("ix_link_unsent", "next_at", postgresql_where=UNSENT, sqlite_where=UNSENT),
        Index("ix_link_address_made_at", "address", "made_at"),
    )

    link_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    purpose: Mapped[str] = mapped_column(String(12))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.member_id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(20))
    fields: Mapped[str] = mapped_column(Text, default="{}", info=SECRET)
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    next_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None] = mapped_column(Instant)


class Attempt(Base):
    """Failed attempts to sign in under a name, a member's or not. `subject` is the digest of the name: it tells no one's."""

    __tablename__ = "attempt"

    subject: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    last_at: Mapped[datetime] = mapped_column(Instant)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
