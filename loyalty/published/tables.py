"""Editions that are published, and drafts of editions with their files."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant


class EditionDraft(Base):
    """An edition that staff sent in, to hold from `begins`; `hash` is that of what its files make. Never updated."""

    __tablename__ = "draft"

    draft_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    program: Mapped[str] = mapped_column(String(40))
    begins: Mapped[date]
    hash: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    author: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(Instant)


class DraftFile(Base):
    """A file of a draft, as it was sent. Never updated."""

    __tablename__ = "draft_file"

    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.draft_id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class PublishedEdition(Base):
    """One edition of the one program of this database, as it was when first used. `draft_id` is the draft whose files it has;
    none where they stand in the program's folder."""

    __tablename__ = "edition"

    begins: Mapped[date] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(String(40))
    hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(Instant)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("draft.draft_id"))
