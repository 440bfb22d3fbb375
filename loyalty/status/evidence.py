"""Why a span of tier holds, as data: what its row keeps and every explanation is told from."""

import json
from datetime import date
from typing import Any

from loyalty.keys import dumps
from loyalty.status.claims import Hold, Span
from loyalty.status.compiled import Path, Rules

#: Claims by what gave them; the place in this list stands for the word in a timeline's digest.
SOURCES = (
    "base", "earned", "kept", "lifetime", "granted", "invited", "waived", "matched", "gifted", "bought", "shared", "trial",
    "confirmed", "landed", "grace", "floor",
)  # fmt: skip


def evidence(rules: Rules, hold: Hold) -> str:
    """The evidence of a claim as JSON: window, what the path needs, what the totals were, edition, fact, short."""
    said: dict[str, Any] = {}
    if hold.path is not None:
        said = path_evidence(rules, hold.path, hold.totals, hold.window, hold.edition)
    if hold.counted is not None:
        said["counted"] = [date.fromordinal(day).isoformat() for day in hold.counted]
    if hold.fact is not None:
        said["fact"] = hold.fact
    if hold.short:
        said["short"] = True
    return dumps(said)


def path_evidence(rules: Rules, path: Path, totals: Any, window: int | None, edition: str) -> dict[str, Any]:
    """What a path needs and what there was of it, by counter, in its smallest step."""
    return {
        "window": window,
        "needs": [[rules.counters[place], threshold] for place, threshold in path.needs],
        "totals": {rules.counters[place]: totals[place] for place, _ in path.needs},
        "edition": edition,
    }


def read_evidence(text: str) -> dict[str, Any]:
    """The evidence of a row, as data."""
    said: dict[str, Any] = json.loads(text)
    return said


def spans_digest(spans: tuple[Span, ...]) -> int:
    """A number that differs when a timeline differs: made of whole numbers only, so it is the same in every process.

    None is not one of them: before Python 3.12 its hash is its address.
    """
    parts = tuple([
        (span.begins, span.until, span.hold.rank, span.opening, SOURCES.index(span.hold.source), span.hold.short,
         -1 if span.hold.window is None else span.hold.window, span.hold.totals,
         span.hold.path.needs if span.hold.path else (), span.hold.fact or -1, int(span.hold.edition.replace("-", "") or 0))
        for span in spans
    ])  # fmt: skip
    return hash(parts) >> 1
