"""Folding again: timelines cached, changes logged, the next day to look noted."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from loyalty.program.load import Program
from loyalty.status import waypoints
from loyalty.status.changes import Change, Known, changes_between
from loyalty.status.claims import History, Span, standing_on
from loyalty.status.compiled import Rules
from loyalty.status.evidence import evidence, spans_digest
from loyalty.status.folds import Fold, fold_at
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, histories
from loyalty.status.tables import Standing, StatusChange, TierSpan
from loyalty.status.windows import FAR
from loyalty.store import among, insert, upsert

SPAN_COLUMNS = ("member_id", "n", "begins", "until", "valid_until", "tier", "opening", "source", "evidence")
CHANGE_COLUMNS = ("member_id", "n", "kind", "old", "new", "effective_on", "until", "source", "evidence", "recorded_at")
STANDING_COLUMNS = ("tier", "opening", "begins", "until", "source", "spans", "review_on", "folded_on", "changes",
                    "spans_digest")  # fmt: skip


def open_standings(session: Session, members: Iterable[tuple[int, date]]) -> None:
    """Give new members, as (member_id, enrolled_on), the standing that is to be folded."""
    rows = [(member_id, enrolled_on, "", 0, 0, 0, 0) for member_id, enrolled_on in members]
    insert(session, Standing, ("member_id", "review_on", "source", "facts", "spans", "changes", "spans_digest"), rows)


def mark_due(session: Session, member_ids: Sequence[int], day: date) -> None:
    """Note that members have facts of a day that are not folded yet."""
    later = Standing.review_on.is_(None) | (Standing.review_on > day)
    session.execute(update(Standing).where(among(session, Standing.member_id, member_ids), later).values(review_on=day))


def mark_all_due(session: Session, day: date) -> None:
    """Note that everyone is to be folded on a day: from then on other rules hold."""
    later = Standing.review_on.is_(None) | (Standing.review_on > day)
    session.execute(update(Standing).where(later).values(review_on=day))


class Folded(NamedTuple):
    """What a refold did: members looked at, changes logged, the error of each member that failed, those of whom something is
    new."""

    members: int
    changes: int
    failures: dict[int, Exception]
    moved: frozenset[int] = frozenset()


#: What a member's fold brings with it: the fold that this leads to.
Follow = Callable[[Account, History, Fold, date], Fold]


def refold(
    session: Session,
    program: Program,
    accounts: Sequence[Account],
    as_of: date,
    now: datetime,
    whole: bool = False,
    isolate: bool = False,
    follow: Follow | None = None,
) -> Folded:
    """Fold accounts with what was known by a day, cache the timelines that differ, log the changes that took effect.

    A member folded for a later day already is folded for that day again, never back. `whole` says that the accounts are
    all of their stretch; `isolate` keeps one member's error from the others, else it is raised. `follow` tells the fold that
    counts, where a fold has consequences for itself.
    """
    rules = rules_of(program)
    known = histories(session, rules, accounts, whole)
    written = _Written(session, program, rules, now, accounts)
    failures: dict[int, Exception] = {}
    for account in accounts:
        history = known[account.member_id]
        try:
            fold = fold_for(rules, account, history, as_of)
            written.take(account, follow(account, history, fold, as_of) if follow else fold)
        except Exception as error:
            if not isolate:
                raise
            failures[account.member_id] = error
    written.flush()
    waypoints.keep(session, program, [(one, known[one.member_id]) for one in accounts if one.member_id not in failures], as_of)
    moved = frozenset(change[0] for change in written.changes)
    return Folded(len(accounts) - len(failures), len(written.changes), failures, moved)


def fold_for(rules: Rules, account: Account, history: History, as_of: date) -> Fold:
    """One member folded with what was known on a day, or on the day of the last fold where that is later."""
    day = max(as_of, account.folded_on or as_of).toordinal()
    return fold_at(rules, history, day)


class _Written:
    """The rows that a refold writes, gathered so that each table is written once for all its members."""

    def __init__(self, session: Session, program: Program, rules: Rules, now: datetime, accounts: Sequence[Account]) -> None:
        self.session, self.program, self.rules, self.now = session, program, rules, now
        self.logged = _logged(session, [account.member_id for account in accounts if _rewound(account)])
        self.spans: list[tuple[Any, ...]] = []
        self.fresh_spans: list[tuple[Any, ...]] = []
        self.surplus: list[tuple[int, int]] = []
        self.changes: list[tuple[Any, ...]] = []
        self.standings: list[dict[str, Any]] = []

    def take(self, account: Account, fold: Fold) -> None:
        """Note what a member's fold changes. A member with nothing to change is not written at all."""
        digest = spans_digest(fold.spans)
        if digest == account.spans_digest and fold.review_on == account.review_on and account.folded_on is not None:
            return
        spans = [self._span(account, n, span) for n, span in enumerate(fold.spans)] if digest != account.spans_digest else []
        changes = self._changes(account, fold)
        self._note(account, fold, digest, len(changes))
        # only now, when nothing of this member can fail any more, its rows join the others'
        (self.spans if account.spans else self.fresh_spans).extend(spans)
        if account.spans > len(fold.spans):
            self.surplus.append((account.member_id, len(fold.spans)))
        self.changes += changes

    def flush(self) -> None:
        session = self.session
        insert(session, TierSpan, SPAN_COLUMNS, self.fresh_spans)
        upsert(session, TierSpan, ("member_id", "n"), SPAN_COLUMNS, self.spans)
        if self.surplus:
            gone = delete(TierSpan).where(TierSpan.member_id == bindparam("m"), TierSpan.n >= bindparam("k"))
            session.connection().execute(gone, [{"m": member_id, "k": count} for member_id, count in self.surplus])
        insert(session, StatusChange, CHANGE_COLUMNS, self.changes)
        if self.standings:
            values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in STANDING_COLUMNS}
            table = cast(Table, Standing.__table__)
            statement = update(table).where(table.c.member_id == bindparam("id")).values(values)
            session.connection().execute(statement, self.standings)

    def _note(self, account: Account, fold: Fold, digest: int, changes: int) -> None:
        values = (*fold.standing(self.rules), fold.review_on, _day(fold.day), account.changes + changes, digest)
        row = {f"new_{name}": value for name, value in zip(STANDING_COLUMNS, values, strict=True)}
        self.standings.append({"id": account.member_id, **row})

    def _span(self, account: Account, n: int, span: Span) -> tuple[Any, ...]:
        tiers = self.rules.tiers
        return (
            account.member_id, n, _day(span.begins), _day(span.until), _day(span.hold.until), tiers[span.rank],
            tiers[span.opening], span.hold.source, evidence(self.rules, span.hold),
        )  # fmt: skip

    def _changes(self, account: Account, fold: Fold) -> list[tuple[Any, ...]]:
        found = changes_between(self._known(account, fold), fold.spans, fold.left, fold.day)
        logged = self.logged.get(account.member_id, ())
        rows = [self._change(change) for change in found]
        fresh = [row for row in rows if row[:6] not in logged]
        return [(account.member_id, account.changes + n, *row) for n, row in enumerate(fresh)]

    def _known(self, account: Account, fold: Fold) -> Known:
        """The standing that the log ends with; where history is learnt afterwards, that before the history begins."""
        tiers = self.rules.tiers
        if _rewound(account) and account.review_on is not None:
            day = account.review_on.toordinal() - 1
            span = standing_on(fold.spans, day)
            return Known(span.rank if span else None, span.hold.until if span else None, day)
        return Known(
            None if account.tier is None else tiers.index(account.tier),
            account.until.toordinal() if account.until else FAR,
            None if account.folded_on is None else account.folded_on.toordinal(),
        )

    def _change(self, change: Change) -> tuple[Any, ...]:
        tiers = self.rules.tiers
        return (
            change.kind, None if change.old is None else tiers[change.old], None if change.new is None else tiers[change.new],
            _day(change.on), _day(change.until), change.hold.source, evidence(self.rules, change.hold), self.now,
        )  # fmt: skip


def _rewound(account: Account) -> bool:
    """Whether history from before the last fold has been learnt since: the log then takes in what it changed."""
    return account.folded_on is not None and account.review_on is not None and account.review_on < account.folded_on


def _logged(session: Session, ids: list[int]) -> dict[int, set[tuple[Any, ...]]]:
    """The changes that some members' logs hold already."""
    found: dict[int, set[tuple[Any, ...]]] = {}
    columns = [getattr(StatusChange, name) for name in ("member_id", *CHANGE_COLUMNS[2:8])]
    for member_id, *change in (
        session.execute(select(*columns).where(among(session, StatusChange.member_id, ids))) if ids else ()
    ):
        found.setdefault(member_id, set()).add(tuple(change))
    return found


def _day(ordinal: int | None) -> date | None:
    return None if ordinal is None or ordinal >= FAR else date.fromordinal(ordinal)
