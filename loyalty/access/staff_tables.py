"""Staff and their sign-ins. Secrets are kept as digests or sealed."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant

#: Staff whom an identity provider knows.
KNOWN = text("subject <> ''")


class Staff(Base):
    """Someone who works here. `name` is the mail address by which they sign in, in small letters; `shown` what pages call them.

    `roles` is JSON, a list of names of config/staff.yaml. `password` is an argon2 hash, empty where none is set; without
    `password_at` it was made for them, and they are to choose one of their own. `totp` is the sealed secret of the second step,
    which counts from `totp_since` on; `totp_step` is the step that was used last. `subject` is who they are to an identity
    provider. Who has ended is not `active` and stays, for the log names them.
    """

    __tablename__ = "staff"
    __table_args__ = (Index("uq_staff_subject", "subject", unique=True, postgresql_where=KNOWN, sqlite_where=KNOWN),)

    staff_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(254), unique=True)
    shown: Mapped[str] = mapped_column(String(200))
    roles: Mapped[str] = mapped_column(Text)
    password: Mapped[str] = mapped_column(String(200), default="")
    password_at: Mapped[datetime | None] = mapped_column(Instant)
    totp: Mapped[str] = mapped_column(String(300), default="")
    totp_since: Mapped[datetime | None] = mapped_column(Instant)
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    subject: Mapped[str] = mapped_column(String(255), default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffSignIn(Base):
    """One sign-in of staff, from its start to its end. `sign_in_id` is the digest of the token that the browser keeps.

    `how` is password, passkey or provider. `stepped_at` is when the second step was last taken, none until it was: the sign-in
    may then do nothing but take it.
    """

    __tablename__ = "staff_sign_in"

    sign_in_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.staff_id"), index=True)
    how: Mapped[str] = mapped_column(String(12))
    place: Mapped[str] = mapped_column(String(45), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    started_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    stepped_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffPasskey(Base):
    """A key of WebAuthn of someone of the staff. `passkey_id` is the digest of the credential's id; `uses` its counter of
    signatures."""

    __tablename__ = "staff_passkey"

    passkey_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.staff_id"), index=True)
    credential: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    uses: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
