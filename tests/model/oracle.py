"""The fold of status as the rules mean it, slow and plain: day by day, every total counted anew from all entries known.

Nothing here comes from the engine's fold: no running totals, no tests compiled, no events, its own calendar.

A day goes so: claims whose end has come are over; facts become known in the order in which they were stated; a new
edition begins; this is how the day opens. Then all postings of the day count together: first what reversals take away,
then what is won. A path to keep asks for one who holds the tier by a claim from elsewhere than its own window: on that day,
or on the window's last where that is over. While a window is open, that is looked at whenever what is held is another.
What begins to count with no new activity, by an edition or a gift, has its months from that day.
What was posted before enrolment is judged by the edition of the enrolment day, and is known when that day opens.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from loyalty.program.ladder import Validity

EVER = date.max.toordinal() + 1
LIFE = 0

#: Counter -> least total.
Needs = dict[int, int]


@dataclass(frozen=True)
class Terms:
    """One edition as plain data: for each rank the paths, each a threshold by counter."""

    begins: int
    name: str
    reach: dict[int, list[Needs]]
    keep: dict[int, list[Needs]]
    lifetime: dict[int, list[Needs]]
    validity: Validity
    strict: bool


@dataclass(frozen=True)
class Posting:
    """An entry: known on a day, counted for another."""

    posted: int
    on: int
    counter: int
    amount: int


@dataclass(frozen=True)
class Stated:
    """A fact about status as in the engine, by name: granted, invited, waived or revoked."""

    posted: int
    id: int
    kind: str
    rank: int
    begins: int
    until: int
    revokes: int | None = None
    at: int = 0
    window: int | None = None


@dataclass(frozen=True)
class Life:
    """All that happened to one member under a program."""

    terms: tuple[Terms, ...]
    counters: int
    enrolled: int
    left: int | None = None
    postings: tuple[Posting, ...] = ()
    stated: tuple[Stated, ...] = ()


@dataclass(eq=False)
class Claim:
    """A tier held in [begins, until), unless it is over before."""

    rank: int
    begins: int
    until: int
    source: str
    window: int | None = None
    edition: str = ""
    totals: tuple[int, ...] = ()
    fact: int | None = None
    over: bool = False
    revoked: bool = False
    short: bool = False


@dataclass(frozen=True)
class Day:
    """One day of membership: the tier, the end of its claim, the tier it opened with, and the claims that say so."""

    rank: int
    until: int
    opening: int
    best: frozenset[tuple[str, int | None, str, tuple[int, ...], bool]]


@dataclass
class _Story:
    life: Life
    claims: list[Claim] = field(default_factory=list)
    won: dict[tuple[int, int], Claim] = field(default_factory=dict)
    barred: dict[int, int] = field(default_factory=dict)


def days_of(life: Life, through: int) -> dict[int, Day]:
    """Every day of membership up to and with a day."""
    story = _Story(life, [Claim(0, life.enrolled, EVER, "base")])
    posting_days = {posting.posted for posting in life.postings}
    fact_days = {max(fact.posted, life.enrolled) for fact in life.stated}
    edition_days = {terms.begins for terms in life.terms[1:] if terms.begins > life.enrolled}
    before: list[Claim] = []
    found = {}
    for day in range(min([life.enrolled, *posting_days]), through + 1):
        if day in fact_days:
            _become_known(story, day)
        if day in edition_days:
            _begin_edition(story, day)
        if _held(story, day) != before:
            _keep(story, day, [posting for posting in life.postings if posting.posted < day])
        if day >= life.enrolled:
            opening = _standing(story, day).rank
        if day in posting_days:
            _count(story, day)
            _keep(story, day, [posting for posting in life.postings if posting.posted <= day])
        before = _held(story, day)
        if day >= life.enrolled and (life.left is None or day < life.left):
            best = _standing(story, day)
            equal = [claim for claim in before if (claim.rank, claim.until) == (best.rank, best.until)]
            told = frozenset((claim.source, claim.window, claim.edition, claim.totals, claim.short) for claim in equal)
            found[day] = Day(best.rank, best.until, opening, told)
    return found


def _held(story: _Story, day: int) -> list[Claim]:
    return [claim for claim in story.claims if not claim.over and claim.begins <= day < claim.until]


def _standing(story: _Story, day: int) -> Claim:
    return max(_held(story, max(day, story.life.enrolled)), key=lambda claim: (claim.rank, claim.until))


# --- how a day opens --------------------------------------------------------------------------------------------


def _become_known(story: _Story, day: int) -> None:
    today = [fact for fact in story.life.stated if max(fact.posted, story.life.enrolled) == day]
    for fact in sorted(today, key=lambda fact: (fact.at, fact.kind == "revoked", fact.id)):
        if fact.kind != "revoked":
            if fact.until > max(fact.begins, day):
                begins = max(fact.begins, day)
                story.claims.append(Claim(fact.rank, begins, fact.until, fact.kind, fact.window, fact=fact.id))
        elif fact.revokes is not None:
            for claim in story.claims:
                claim.over |= claim.fact == fact.revokes
        else:
            story.barred[day] = min(fact.rank, story.barred.get(day, fact.rank))
            for claim in _held(story, day):
                if claim.rank > fact.rank:
                    claim.over = claim.revoked = True


def _begin_edition(story: _Story, day: int) -> None:
    """The new thresholds apply to windows still open."""
    known = [posting for posting in story.life.postings if posting.posted < day]
    for window in {_year(posting.on) for posting in known} | {LIFE}:
        if _last_day(window) >= day:
            _win(story, window, day, known, day)


def _keep(story: _Story, day: int, known: list[Posting]) -> None:
    """What is held now may be what an open window's path to keep was waiting for."""
    for window in {_year(posting.on) for posting in known}:
        if day >= story.life.enrolled and _last_day(window) >= day:
            _win(story, window, day, known, day)


def _held_elsewhere(story: _Story, window: int, day: int) -> int:
    on = min(max(day, story.life.enrolled), _last_day(window))
    ranks = [
        claim.rank for claim in story.claims if not claim.over and claim.begins <= on < claim.until and claim.window != window
    ]
    return max(ranks, default=0)


# --- the postings of a day --------------------------------------------------------------------------------------


def _count(story: _Story, day: int) -> None:
    life = story.life
    today = [posting for posting in life.postings if posting.posted == day]
    known = [posting for posting in life.postings if posting.posted <= day]
    for window in {_year(posting.on) for posting in today if posting.amount < 0} | {LIFE}:
        if any(posting.amount < 0 for posting in today):
            _take_away(story, window, day, known)
    for window in {_year(posting.on) for posting in today} | {LIFE}:
        latest = max((posting.on for posting in today if _year(posting.on) == window), default=day)
        _win(story, window, day, known, latest)


def _take_away(story: _Story, window: int, day: int, known: list[Posting]) -> None:
    """A claim goes when no path of its tier is met, of any edition from the one that gave it to the one that counts now."""
    terms = story.life.terms
    now = _terms(story.life, window, day)
    totals = _totals(story.life, window, known)
    for (where, rank), claim in list(story.won.items()):
        if where != window or claim.revoked or claim.short:
            continue
        paths = []
        for since in terms[[given.name for given in terms].index(claim.edition) : terms.index(now) + 1]:
            paths += (since.lifetime if window == LIFE else since.reach).get(rank, [])
            paths += since.keep.get(rank, []) if claim.source == "kept" else []
        if any(_met(path, totals) for path in paths):
            continue
        if now.strict:
            claim.over = True
            del story.won[where, rank]
        elif claim.until > day:
            claim.short = True


def _win(story: _Story, window: int, day: int, known: list[Posting], since: int) -> None:
    """Months of validity run from `since`: the activity that met the path, the latest of those that became known together."""
    terms = _terms(story.life, window, day)
    totals = _totals(story.life, window, known)
    reach = terms.lifetime if window == LIFE else terms.reach
    keep = {} if window == LIFE else terms.keep
    holds = _held_elsewhere(story, window, day)
    for rank in {*reach, *keep}:
        before = story.won.get((window, rank))
        if before and (before.source != "kept" or before.short or before.revoked):
            continue
        if any(_met(path, totals) for path in reach.get(rank, [])):
            source = "lifetime" if window == LIFE else "earned"
        elif before is None and holds >= rank and any(_met(path, totals) for path in keep.get(rank, [])):
            source = "kept"
        else:
            continue
        until = EVER if window == LIFE else _until(terms.validity, window, since)
        claim = Claim(rank, day, until, source, window, terms.name, tuple(totals))
        story.won[window, rank] = claim
        if before:
            before.over = True
        if rank > story.barred.get(day, rank):
            claim.over = claim.revoked = True
        story.claims.append(claim)


def _met(path: Needs, totals: list[int]) -> bool:
    return all(totals[counter] >= least for counter, least in path.items())


def _totals(life: Life, window: int, known: list[Posting]) -> list[int]:
    mine = [posting for posting in known if window in (LIFE, _year(posting.on))]
    return [sum(posting.amount for posting in mine if posting.counter == counter) for counter in range(life.counters)]


def _terms(life: Life, window: int, day: int) -> Terms:
    """The edition in force on a day, for a window that has ended that of its last day; the first before any."""
    day = min(max(day, life.enrolled), _last_day(window))
    return [life.terms[0], *(terms for terms in life.terms[1:] if terms.begins <= day)][-1]


# --- the calendar -----------------------------------------------------------------------------------------------


def _year(day: int) -> int:
    return date.fromordinal(day).year


def _last_day(window: int) -> int:
    return EVER if window == LIFE else date(window, 12, 31).toordinal()


def _until(validity: Validity, window: int, since: int) -> int:
    if validity.through_end_of is not None:
        year, month = window + validity.through_end_of.years_after, validity.through_end_of.month
        return (date(year, month, monthrange(year, month)[1]) + timedelta(days=1)).toordinal()
    if validity.months is not None:
        return _months_later(date.fromordinal(since), validity.months)
    return date(window + (validity.window_end or 0) + 1, 1, 1).toordinal()


def _months_later(day: date, months: int) -> int:
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1])).toordinal()


def changes_of_tier(days: dict[int, Day]) -> Iterator[tuple[date, int]]:
    """The days on which the tier changes, to be read when a test fails."""
    last = None
    for day, about in days.items():
        if about.rank != last:
            last = about.rank
            yield date.fromordinal(day), last
