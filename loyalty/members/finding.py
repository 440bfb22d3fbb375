"""Members found by number, name, mail address or phone, also with a slip; and the words that this needs, kept with them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from loyalty.members.tables import Member, MemberWord
from loyalty.members.words import (
    LETTERS,
    PHONE,
    completed,
    digits,
    is_phone,
    number_slips,
    phones,
    plain,
    slips,
    split,
    words_of,
)
from loyalty.store import among, insert

#: A search tells no more than this, puts no more than so many in order, and looks at no more words of a name.
FOUND, LOOKED, WORDS = 25, 200, 4
#: Names with a slip are looked for from so many letters on; with fewer digits no number or phone is meant.
SLIP, LEAST = 3, 3
#: Which words are wanted, by a column of words.
Wanted = Callable[[Any], ColumnElement[bool]]
_MEMBER, _WORD = Member.__table__, MemberWord.__table__
_COLUMNS = tuple(_MEMBER.c[name] for name in ("member_id", "number", "name", "email", "phone", "enrolled_on", "left_on"))


def keep_words(session: Session, words: Mapping[int, Sequence[str]]) -> None:
    """Write the words of new members."""
    insert(session, MemberWord, ("member_id", "word"), [(mine, word) for mine, some in words.items() for word in some])


def renew_words(session: Session, member: Member) -> None:
    """Write a member's words anew."""
    session.execute(delete(MemberWord).where(MemberWord.member_id == member.member_id))
    keep_words(session, {member.member_id: words_of(member.name, member.email, member.phone)})


def find(session: Session, asked: str) -> list[Row[Any]]:
    """Who may be meant, what fits exactly before what fits but for one slip: at most FOUND, in at most six statements.

    Rows have member_id, number, name, email, phone, enrolled_on, left_on. Looked for are a number (without its letters and
    zeros, too), a mail address or its beginning, a phone number, and the beginnings of the words of a name.
    """
    asked = asked.replace("\0", "").strip()[:100]
    compact = "".join(one for one in asked.upper() if one.isalnum())
    if not compact:
        return []
    exact = _numbered(session, compact, asked)
    near = [] if exact else _near(session, asked, compact)
    return list({row.member_id: row for row in [*exact, *near]}.values())[:FOUND]


def _numbered(session: Session, compact: str, asked: str) -> list[Row[Any]]:
    """The member of exactly this number, as it was typed or made whole."""
    shape = session.scalar(select(Member.number).order_by(Member.member_id.desc()).limit(1)) or ""
    wanted = {asked, compact, completed(compact, shape)}
    return list(session.execute(select(*_COLUMNS).where(among(session, _MEMBER.c.number, sorted(wanted)))))


def _near(session: Session, asked: str, compact: str) -> list[Row[Any]]:
    if "@" in asked:
        return _with_words(session, [_begins(plain(asked))])
    known = digits(asked)
    if len(known) >= LEAST and len(known) * 2 >= len(compact):
        return _by_digits(session, asked, compact)
    words = sorted(split(asked), key=len, reverse=True)[:WORDS]
    found = _with_words(session, [_begins(word) for word in words])
    return found or _with_words(session, [_like(session, word) for word in words])


def _by_digits(session: Session, asked: str, compact: str) -> list[Row[Any]]:
    """By a phone number; where none has the very digits, by one, or by a member number, with a slip."""
    meant, known = phones(asked), digits(asked)
    ends = sorted({one[-PHONE:] for one in meant})
    near = _with_words(session, [lambda word: among(session, word, ends)]) if ends else []
    same = [row for row in near if len(known) >= PHONE and is_phone(row.phone, known)]
    if same:
        return same
    by_phone = [row for row in near if any(is_phone(row.phone, one) for one in meant)]
    shape = session.scalar(select(Member.number).order_by(Member.member_id.desc()).limit(1)) or ""
    wanted = number_slips(completed(compact, shape)) | {completed(one, shape) for one in number_slips(compact)}
    numbers = among(session, _MEMBER.c.number, sorted(wanted))
    return [*by_phone, *session.execute(select(*_COLUMNS).where(numbers).order_by(_MEMBER.c.number).limit(FOUND))]


def _begins(start: str) -> Wanted:
    """Words that begin so; read from the index, for words are compared byte by byte."""
    return lambda word: (word >= start) & (word < start + "\U0010ffff")


def _like(session: Session, start: str) -> Wanted:
    """Words that begin so, or are this one but for a slip."""
    if len(start) < SLIP or not start.isascii():
        return _begins(start)
    meant = sorted(slips(start, LETTERS))
    return lambda word: or_(_begins(start)(word), among(session, word, meant))


def _with_words(session: Session, wanted: Sequence[Wanted]) -> list[Row[Any]]:
    """Members with a word of each kind: the first, which is the longest, is looked for, the others are looked at."""
    if not wanted:
        return []
    first, *others = wanted
    found = select(_WORD.c.member_id).where(first(_WORD.c.word))
    for n, other in enumerate(others):
        beside = _WORD.alias(f"beside{n}")
        found = found.where(exists().where(beside.c.member_id == _WORD.c.member_id, other(beside.c.word)))
    query = select(*_COLUMNS).where(_MEMBER.c.member_id.in_(found.limit(LOOKED)))
    return list(session.execute(query.order_by(func.lower(_MEMBER.c.name), _MEMBER.c.number).limit(FOUND)))


def numbers_by_id(session: Session, member_ids: Iterable[int | None]) -> dict[int, str]:
    """The numbers of members by their ids. One statement."""
    wanted = sorted({one for one in member_ids if one is not None})
    return {row.member_id: row.number for row in session.execute(
        select(_MEMBER.c.member_id, _MEMBER.c.number).where(among(session, _MEMBER.c.member_id, wanted))
    )}  # fmt: skip
