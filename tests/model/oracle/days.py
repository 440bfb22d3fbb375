"""The fold of status as docs/ladder.md means it, slow and plain: day by day, every total counted anew from all entries known.

Nothing here comes from the engine's fold: no running totals, no tests compiled, no events, its own calendar.

The order of a day is that of docs/ladder.md. Where it is silent: a path to keep asks for one who holds the tier by a
claim from elsewhere than its own window: on that day, or on the window's last where that is over. While a window is open,
that is looked at whenever what is held is another. What begins to count with no new activity, by an edition or a gift, has
its months from that day. What was posted before enrolment is judged by the edition of the enrolment day, and is known when
that day opens. A tier is won once in a window by a path; one that was revoked is not won in it again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loyalty.program.ladder import Milestone
from loyalty.program.models import Unit
from tests.model.oracle.calendar import EVER, LIFE, Frame, containing
from tests.model.oracle.ending import any_rolls, close, lapse, roll_on
from tests.model.oracle.story import Award, Claim, Story, Trial
from tests.model.oracle.terms import Life, Terms, Way, World
from tests.model.oracle.winning import (
    Only,
    add,
    by_form,
    extend,
    look,
    main_frame,
    open_frames,
    open_personal,
    settle,
    take_away,
)


@dataclass(frozen=True)
class Day:
    """One day of membership: the tier, the end of its claim, the tier it opened with, and the claims that say so."""

    rank: int
    until: int
    opening: int
    best: frozenset[tuple[str, tuple[int, ...], bool]]

    @property
    def sources(self) -> set[str]:
        return {source for source, _, _ in self.best}


def days_of(life: Life, through: int) -> dict[int, Day]:
    """Every day of membership up to and with a day."""
    return told(life, through)[0]


def told(life: Life, through: int) -> tuple[dict[int, Day], list[Award]]:
    """Every day of membership up to and with a day, and the milestones met."""
    story = Story(World(life), [Claim(0, life.enrolled, EVER, "base")])
    posting_days = {posting.posted for posting in life.postings}
    before: list[Claim] = []
    found = {}
    for day in range(min([life.enrolled, *posting_days]), through + 1):
        story.through = day - 1
        member = day >= life.enrolled
        if member:
            if day == life.enrolled and story.world.personal:
                open_personal(story, day, [0] * len(story.world.counters), day, change=True)
            _judge_windows(story, day)
            lapse(story, day)
            if opened := close(story, day):
                settle(story, day, opened)
            _become_known(story, day)
            _open(story, day, before)
            _award(story, {}, day, rank=story.evenings.get(day - 1, 0))
            opening = story.standing(day).rank
        story.through = day
        if day in posting_days:
            _count(story, day)
        before = story.held(day)
        if member:
            story.evening(day)
            if life.left is None or day < life.left:
                best = story.standing(day)
                equal = [claim for claim in before if (claim.rank, claim.until) == (best.rank, best.until)]
                found[day] = Day(
                    best.rank, best.until, opening, frozenset((claim.source, claim.totals, claim.short) for claim in equal)
                )
    return found, story.awards


# --- how a day opens --------------------------------------------------------------------------------------------


def _judge_windows(story: Story, day: int) -> None:
    """Windows judged at their end, which was yesterday."""
    layouts = [layout for layout in story.world.layouts if layout.at_end]
    ended = {
        frame for layout in layouts for frame in containing(layout, day - 1) if frame.last == day - 1 and story.owned(frame)
    }
    if ended:
        counted = {*story.counted(), *story.rolled}
        settle(story, day, {frame: day for frame in ended if frame in counted or _has_level(story, frame)})


def _has_level(story: Story, frame: Frame) -> bool:
    return any(posting.counter in story.world.levels and posting.on <= frame.last for posting in story.known())


def _become_known(story: Story, day: int) -> None:
    life = story.world.life
    today = [fact for fact in life.stated if max(fact.posted, life.enrolled) == day]
    for fact in sorted(today, key=lambda fact: (fact.at, fact.kind == "revoked", fact.id)):
        if fact.kind != "revoked":
            if fact.until > max(fact.begins, day):
                claim = Claim(fact.rank, max(fact.begins, day), fact.until, fact.kind, fact=fact.id)
                story.claims.append(claim)
                terms = story.in_force(day)
                if fact.kind == "trial" and fact.offer in terms.goals:
                    offer = next(offer for offer in terms.ladder.offers if offer.id == fact.offer)
                    story.trials.append(Trial(claim, fact, offer, terms.goals[offer.id]))
        elif fact.revokes is not None:
            for claim in story.claims:
                claim.over |= claim.fact == fact.revokes
        else:
            story.barred[day] = min(fact.rank, story.barred.get(day, fact.rank))
            for claim in story.begun(day):
                if claim.rank > fact.rank:
                    claim.over = claim.revoked = True


def _open(story: Story, day: int, before: list[Claim]) -> None:
    """Editions begin; then what is held now, what the member now is, or mere time may be what an open path was waiting for."""
    begins = any(terms.begins == day for terms in story.world.terms[1:]) and day > story.enrolled
    traits = story.world.traits_on(day) != story.world.traits_on(day - 1)
    changed = story.held(day) != before or begins or traits
    freed = story.freed(before, day)
    terms = story.in_force(day)
    timed = any(way.held for ways in _all_ways(terms) for way in ways) or bool(terms.ladder.accruals)
    if begins or traits:
        for claim in story.begun(day):
            if claim.own:
                extend(story, claim, day)
    if begins:
        settle(story, day, dict.fromkeys(open_frames(story, day), day), again=_now(True, traits, timed, freed))
    elif changed or timed:
        full = {LIFE: day} if terms.ladder.accruals else {}
        if traits and any(override.thresholds and override.when for override in terms.ladder.overrides):
            full = dict.fromkeys(open_frames(story, day), day)
        settle(story, day, full, again=_now(changed, traits, timed, freed))


def _all_ways(terms: Terms) -> list[list[Way]]:
    return [*terms.reach.values(), *terms.keep.values(), *terms.lifetime.values()]


def _now(changed: bool, traits: bool, timed: bool, freed: bool) -> Only:
    """The paths that may be met with no new activity; `freed`: an own claim that stood in the way of paths to reach is over."""

    def may(way: Way, to_keep: bool) -> bool:
        by_what_is_held = (changed and (to_keep or way.holds is not None)) or (freed and not to_keep)
        return by_what_is_held or (traits and way.when is not None) or (timed and way.held is not None)

    return may


# --- the postings of a day --------------------------------------------------------------------------------------


def _count(story: Story, day: int) -> None:
    today = story.today()
    before, rank = story.held(max(day, story.enrolled)), story.standing(day).rank
    frames = story.frames(today)
    reduced = story.frames([posting for posting in today if posting.amount < 0])
    reduced |= {LIFE: []} if reduced or any(posting.amount < 0 for posting in today) else {}
    for frame in sorted(reduced, key=lambda frame: (frame.first, frame.last)):
        take_away(story, frame, day)
    latest = {frame: max(posting.on for posting in mine) for frame, mine in frames.items()}
    latest[LIFE] = max(posting.on for posting in today)
    if any(any_rolls(terms) for terms in story.world.terms) and not story.world.personal:
        for frame in sorted(frames, key=lambda frame: frame.first):
            if frame.last < day and frame.layout is not None and not frame.layout.name:
                for rank in range(1, story.top + 1):
                    look(story, frame, rank, day, latest[frame])
                latest |= roll_on(story, frame, day, latest)
    _confirm(story, day)
    settle(story, day, latest, again=_now(True, False, False, story.freed(before, max(day, story.enrolled))))
    _award(story, {frame: frame in reduced for frame in frames}, day, rank)


def _confirm(story: Story, day: int) -> None:
    """Trials whose goal is met by activity of the trial."""
    for trial in story.trials:
        if trial.met or trial.claim.over:
            continue
        mine = [posting for posting in story.known() if trial.fact.begins <= posting.on < trial.fact.until]
        sums = {counter: sum(p.amount for p in mine if p.counter == counter) for counter in trial.goal.needs}
        if all(sums[counter] >= least for counter, least in trial.goal.needs.items()):
            trial.met = True
            frame = main_frame(story, day) or Frame(None, 0, day, day)
            until = by_form(story, trial.offer.then, frame, day, day)
            add(story, Claim(trial.fact.rank, day, until, "confirmed"))


def _award(story: Story, lowered: dict[Frame, bool], day: int, rank: int) -> None:
    """Look at the milestones of windows of today's postings, and of those into which something rolled.

    Who was of a rank and rises is looked at in all open windows.
    """
    lowered = {
        frame: lowered.get(frame, False) or story.rolled_today.get(frame, False) for frame in [*lowered, *story.rolled_today]
    }
    story.rolled_today.clear()
    if any(terms.ladder.milestones for terms in story.world.terms):
        rises = story.standing(day).rank > rank
        others = [frame for frame in open_frames(story, day) if frame not in lowered and not _at_end(frame)] if rises else []
        for frame in [*lowered, *others]:
            _award_in(story, frame, day, lowered.get(frame, False))


def _at_end(frame: Frame) -> bool:
    return frame.layout is not None and frame.layout.at_end


def _award_in(story: Story, frame: Frame, day: int, lowered: bool) -> None:
    """Milestones met so many times now: new awards; those above it are withdrawn by a reversal."""
    terms = story.terms_of(frame, day)
    totals = story.totals(frame)
    units = story.world.life.program.editions[terms.place][2]
    for milestone, ways in zip(terms.ladder.milestones, terms.milestones, strict=True):
        if frame.layout is None or ways[0].window != frame.layout.name:
            continue
        times = max(_times(story, milestone, way, totals, units) for way in ways)
        allowed = [way for way in ways if story.allows(way, day)]
        new = max((_times(story, milestone, way, totals, units) for way in allowed), default=0)
        live = [
            award for award in story.awards if (award.milestone, award.frame, award.withdrawn) == (milestone.id, frame, None)
        ]
        if lowered and milestone.reversal == "take_back":
            for award in live[times:]:
                award.withdrawn = day
        for n in range(len(live) + 1, new + 1):
            story.awards.append(Award(milestone.id, frame, n, day))


def _times(story: Story, milestone: Milestone, way: Way, totals: list[int], units: Mapping[str, Unit]) -> int:
    """How many times one path of a milestone is met by totals alone: again by what the counter that it names first has more."""
    if any(totals[counter] < least for counter, least in way.needs.items()):
        return 0
    first, least = next(iter(way.needs.items()))
    name = story.world.counters[first]
    amount = milestone.every.get(name) if isinstance(milestone.every, dict) else milestone.every
    every = story.world.scaled(units, name, amount or Decimal(0))
    times = 1 + ((totals[first] - least) // every if every else 0)
    return min(times, milestone.most or times)


def changes_of_tier(days: dict[int, Day]) -> Iterator[tuple[date, int, date | None]]:
    """The days on which the tier or its end changes, to be read when a test fails."""
    last = None
    for day, about in days.items():
        if (about.rank, about.until) != last:
            last = about.rank, about.until
            yield date.fromordinal(day), about.rank, None if about.until >= EVER else date.fromordinal(about.until)
