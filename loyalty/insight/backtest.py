"""The backtest of an edition: members' real history folded under the rules in force, and with a draft from a day on.

Both sides are told for the same day, with what is known by then. What the ladder gives (milestones, deposits) is worked out
anew under the draft from its first day. Activity on days of the draft stands as it was judged where the draft's units,
activities and earn lines are those in force; else it is judged again from its stored fields, by the draft's earn lines, with
the tier that the member would have had, and what the draft cannot judge earns nothing. Nothing is written.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from loyalty.earning.projection import Known, Planned, project
from loyalty.earning.queries import capped_use
from loyalty.insight.queries import activities_in, entries_without
from loyalty.program.load import Edition, Program
from loyalty.status.booked import Booked, milestone_of
from loyalty.status.claims import Award, History, Span, known_through, standing_on
from loyalty.status.evidence import evidence, read_evidence
from loyalty.status.gifts import extended, known_by
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, histories, read_stretch
from loyalty.status.rewards import awards_of
from loyalty.status.timeline import Folded, fold
from loyalty.status.windows import FAR
from loyalty.status.words import reason


@dataclass(frozen=True, eq=False)
class Trial:
    """A program as it is in force, and with a draft that begins on a day; what both say on a day is compared."""

    now: Program
    then: Program
    begins: date
    on: date

    @cached_property
    def until(self) -> date:
        """The first day on which a later edition takes over from the draft."""
        return min((edition.begins for edition in self.then.editions if edition.begins > self.begins), default=date.max)

    @cached_property
    def judged(self) -> tuple[date, date] | None:
        """The days, [first, until), whose activity the draft judges in another way than the rules in force; none if in none."""
        draft = next(edition for edition in self.then.editions if edition.begins == self.begins)
        before = [edition for edition in (self.now.edition_on(self.begins),) if edition is not None]
        before += [edition for edition in self.now.editions if self.begins < edition.begins < self.until]
        same = all(_earning(edition) == _earning(draft) for edition in before)
        return None if same else (self.begins, self.until)

    @cached_property
    def simple(self) -> bool:
        """Whether the entries stand under the draft as they are."""
        return self.judged is None and not (rules_of(self.now).rewards or rules_of(self.then).rewards)


def _earning(edition: Edition) -> tuple[Any, ...]:
    parts = (edition.units, edition.activities, edition.earning)
    return tuple(part.model_dump(mode="json", by_alias=True) for part in parts)


class Move(NamedTuple):
    """A member whose tier, or its end, would be another: a rise or fall, longer or shorter; for ever without last day. `why` is
    told from `source` and `evidence`, what would give the tier."""

    number: str
    move: str
    now: str
    through_now: date | None
    then: str
    through_then: date | None
    why: str
    source: str
    evidence: str


@dataclass
class Tried:
    """What a trial came to, for a stretch of members or for all. `moves` are those of the stretch."""

    members: int = 0
    matrix: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    milestones: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    gifts: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    judged: int = 0
    unjudged: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    def add(self, other: "Tried") -> None:
        """Take in what another stretch came to, but for its moves."""
        self.members += other.members
        self.matrix.update(other.matrix)
        self.kinds.update(other.kinds)
        for mine, more in zip((*self.milestones, *self.gifts), (*other.milestones, *other.gifts), strict=True):
            mine.update(more)
        self.judged += other.judged
        self.unjudged += other.unjudged
        self.failures += other.failures


def try_stretch(session: Session, trial: Trial, first: int, last: int) -> Tried:
    """The trial of a stretch of members. One member's error is told with the number and stops nobody."""
    accounts = read_stretch(session, first, last)
    tried = Tried()
    sides = _Sides(session, trial, accounts)
    for account in accounts:
        try:
            now, then = sides.now(account), sides.then(account, tried)
        except Exception as error:
            tried.failures.append((account.number, f"{type(error).__name__}: {error}"))
            continue
        _compare(trial, account, now, then, tried)
    return tried


class _Sides:
    """A stretch's histories as they are, and as they would be."""

    def __init__(self, session: Session, trial: Trial, accounts: Sequence[Account]) -> None:
        self.trial, ids = trial, [account.member_id for account in accounts]
        self.known = histories(session, rules_of(trial.now), accounts, whole=True)
        now, then = rules_of(trial.now), rules_of(trial.then)
        alike = (now.tiers, now.counters, now.asks) == (then.tiers, then.counters, then.asks)
        self.drafted = self.known if alike else histories(session, then, accounts, whole=True)
        self.booked: Mapping[int, list[Booked]] = {}
        self.activities: Mapping[int, list[Planned]] = {}
        self.used: Mapping[int, Any] = {}
        if trial.simple or not ids:
            return
        stretch = (ids[0], ids[-1])
        entries = entries_without(session, rules_of(trial.then), stretch, trial.begins, trial.judged)
        self.drafted = {who: history._replace(entries=entries.get(who, [])) for who, history in self.drafted.items()}
        self.booked = awards_of(session, ids)
        if trial.judged is not None:
            self.activities = activities_in(session, trial.then, stretch, trial.judged)
            self.used = capped_use(session, trial.then, ids, trial.begins)

    def now(self, account: Account) -> Folded:
        history, day = self.known[account.member_id], self.trial.on.toordinal()
        rules, mine = rules_of(self.trial.now), self.booked.get(account.member_id, [])
        return extended(self.trial.now, rules, history, day, mine, account.number).said

    def then(self, account: Account, tried: Tried) -> Folded:
        trial, history = self.trial, self.drafted[account.member_id]
        if trial.simple:
            return fold(rules_of(trial.then), known_through(history, trial.on.toordinal())[0])
        before = known_by(trial.now, self.booked.get(account.member_id, []), trial.begins - timedelta(days=1))
        planned = [one for one in self.activities.get(account.member_id, ()) if one.posted_on <= trial.on]
        known = Known(account.attributes, self.used.get(account.member_id), before, account.number)
        projected = project(trial.then, _today(history, trial.on), known, planned, trial.on, lenient=True)
        tried.judged += len(planned) - projected.unjudged
        tried.unjudged += projected.unjudged
        return projected.said


def _today(history: History, day: date) -> History:
    """Levels judged up to a day."""
    return history._replace(today=min(history.today, day.toordinal()))


def _compare(trial: Trial, account: Account, now: Folded, then: Folded, tried: Tried) -> None:
    day = trial.on.toordinal()
    for side, (program, said) in enumerate(((trial.now, now), (trial.then, then))):
        for award in said.awards:
            if award.withdrawn is None and award.on <= day:
                tried.milestones[side][award.milestone] += 1
                tried.gifts[side].update(dict(_gifts(program, award)))
    before, after = standing_on(now.spans, day), standing_on(then.spans, day)
    if before is None or after is None:
        return
    move = _move(trial, account, before, after)
    tried.members += 1
    tried.matrix[(move.now, move.then)] += 1
    tried.kinds[move.move] += 1
    if move.move != "stay":
        tried.moves.append(move)


def _gifts(program: Program, award: Award) -> Iterator[tuple[str, int]]:
    """What a milestone gives, by instrument or unit, in whole ones; a choice is none of it."""
    for gift in milestone_of(program, award.edition, award.milestone).gives:
        yield gift.instrument or gift.unit or "", int(gift.amount)


def _move(trial: Trial, account: Account, before: Span, after: Span) -> Move:
    tiers = trial.then.tiers
    now, then = rules_of(trial.now).tiers[before.rank], rules_of(trial.then).tiers[after.rank]
    step = tiers.index(then) - tiers.index(now) if now in tiers else 1
    ends = (before.hold.until, after.hold.until)
    kind = "rise" if step > 0 else "fall" if step < 0 else "longer" if ends[1] > ends[0] else "shorter"
    kind = "stay" if step == 0 and ends[0] == ends[1] else kind
    kept = evidence(rules_of(trial.then), after.hold) if kind != "stay" else ""
    why = reason(trial.then, after.hold.source, read_evidence(kept), {}) if kept else ""
    return Move(account.number, kind, now, _through(ends[0]), then, _through(ends[1]), why, after.hold.source, kept)


def _through(until: int) -> date | None:
    return None if until >= FAR else date.fromordinal(until - 1)
