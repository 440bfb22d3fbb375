"""The changes of a member's standing between two folds: pure."""

from collections.abc import Sequence
from typing import NamedTuple

from loyalty.status.claims import Hold, Span


class Known(NamedTuple):
    """The standing last logged: its rank (none outside membership), the end of its claim, the day it was folded for."""

    rank: int | None
    until: int | None
    folded: int | None


class Change(NamedTuple):
    """One change: `kind` is joined, raised, kept, lowered, shortened or left; ranks are none outside membership."""

    kind: str
    old: int | None
    new: int | None
    on: int
    until: int | None
    hold: Hold


def changes_between(known: Known, spans: Sequence[Span], left: int | None, as_of: int) -> list[Change]:
    """What has taken effect by `as_of` since the last fold, first to last.

    The first step compares the day of the last fold with itself: facts learnt since then, or on that very day, may have
    moved it. The same tier for longer is `kept`, for less long `shortened`.
    """
    found: list[Change] = []
    rank, until = known.rank, known.until
    for span in spans:
        if span.begins > as_of or (known.folded is not None and span.until <= known.folded):
            continue
        valid = span.hold.until
        if span.rank != rank or valid != until:
            found.append(Change(_kind(rank, until, span), rank, span.rank, span.begins, valid, span.hold))
        rank, until = span.rank, valid
    if left is not None and left <= as_of and rank is not None:
        found.append(Change("left", rank, None, left, None, Hold(0, left, left, "base")))
    return found


def _kind(rank: int | None, until: int | None, span: Span) -> str:
    if rank is None:
        return "joined"
    if span.rank != rank:
        return "raised" if span.rank > rank else "lowered"
    return "kept" if until is None or span.hold.until > until else "shortened"
