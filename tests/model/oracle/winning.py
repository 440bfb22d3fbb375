"""How claims are won by paths, how long they hold, and how reversals take them away."""

from collections.abc import Callable
from datetime import date

from loyalty.program.ladder import Validity
from tests.model.oracle.calendar import EVER, LIFE, Frame, after_month_of, containing, moved, windows_later
from tests.model.oracle.story import Claim, Story
from tests.model.oracle.terms import Terms, Way, agrees

Only = Callable[[Way, bool], bool]


def settle(story: Story, day: int, full: dict[Frame, int], again: Only | None = None) -> None:
    """Win what is met, until nothing more is. `full`: the windows to look at, with the day from which months run.

    `again`: the paths to look at in all other windows that are still open; months run from the day.
    """
    changed, rounds = True, 0
    while changed:
        changed, rounds = False, rounds + 1
        assert rounds < 100, day
        others = open_frames(story, day) if again is not None else []
        for frame in sorted({*full, *others}, key=lambda frame: (frame.first, frame.last, frame.place)):
            for rank in range(1, story.top + 1):
                if frame in full:
                    changed |= look(story, frame, rank, day, full[frame])
                elif again is not None:
                    changed |= look(story, frame, rank, day, day, again)


def open_frames(story: Story, day: int) -> list[Frame]:
    """The windows with something in them that have not ended, and the lifetime."""
    frames = {*story.counted(), *story.rolled}
    frames |= {story.personal} if story.personal is not None else set()
    return [LIFE, *(frame for frame in frames if frame.first <= day <= frame.last)]


def look(story: Story, frame: Frame, rank: int, day: int, since: int, only: Only | None = None) -> bool:
    """Look once at one tier in one window. True if it was won."""
    if frame.layout is not None and frame.layout.window.personal:
        assert story.personal is not None
        frame = story.personal  # another one by now, if a tier was reached on the way
    if frame.layout is not None and frame.layout.at_end and day <= frame.last:
        return False
    before = story.won.get((frame, rank))
    if before and (before.source != "kept" or before.short or before.revoked):
        return False
    terms = story.terms_of(frame, day)
    reach, keep = _ways(terms, frame, rank)
    if frame != LIFE and terms.keeps_at_end and rank <= _highest_own(story, rank, day):
        reach = []
    if before is not None or terms.keeps_at_end or story.held_elsewhere(frame, day) < rank:
        keep = []
    candidates = [(way, "lifetime" if frame == LIFE else "earned") for way in reach] + [(way, "kept") for way in keep]
    if only is not None:
        candidates = [(way, source) for way, source in candidates if only(way, source == "kept")]
    if not candidates:
        return False
    totals = story.totals(frame)
    for way, source in candidates:
        if story.meets(terms, frame, way, totals, day):
            win(story, Claim(rank, day, EVER, source, frame, terms, totals=tuple(totals)), way, since)
            return True
    return False


def _ways(terms: Terms, frame: Frame, rank: int) -> tuple[list[Way], list[Way]]:
    """The paths to reach and to keep a tier that are counted in a window."""
    if frame.layout is None:
        return terms.lifetime.get(rank, []), []
    name = "" if frame.layout.name == "keep" else frame.layout.name
    reach, keep = terms.reach.get(rank, []), terms.keep.get(rank, [])
    return [way for way in reach if way.window == name], [way for way in keep if way.window == name]


def _highest_own(story: Story, rank: int, day: int) -> int:
    """The highest own claim that a tier to be reached must be above; layers stand apart from tiers."""
    own = [claim for claim in story.held(max(day, story.enrolled)) if claim.own]
    return max((claim.rank for claim in own if story.is_layer(rank) or not story.is_layer(claim.rank)), default=0)


def win(story: Story, claim: Claim, way: Way, since: int) -> None:
    """A path was met on a day: the claim, what it does to the counters, and to the personal window."""
    frame, terms, day = claim.frame, claim.terms, claim.begins
    assert frame is not None and terms is not None
    before = story.won.get((frame, claim.rank))
    claim.needs = story.needs_of(terms, frame, way, day)
    # what a revocation of the day forbids costs nothing
    if claim.source == "earned" and claim.rank <= story.barred.get(day, claim.rank):
        set_back(story, claim)
        if frame == story.personal and not story.is_layer(claim.rank):
            _change_window(story, frame, day)
    if frame != LIFE:
        claim.until = max(until_of(story, terms, claim, since), before.until if before else 0)
    if before:
        before.until = min(before.until, max(day, story.enrolled))  # what was held until now stays so
    if (frame, claim.rank) not in story.won or claim.source != "kept":
        story.won[frame, claim.rank] = claim
    add(story, claim)


def add(story: Story, claim: Claim) -> None:
    """A claim that activity brings: nothing where a revocation of the day forbids it; extended; the floor with it."""
    day = claim.begins
    if claim.rank > story.barred.get(day, claim.rank):
        claim.over = claim.revoked = True
    story.claims.append(claim)
    if claim.own:
        extend(story, claim, day)
        floor = story.in_force(day).ladder.lapse
        rank = story.world.tiers.index(floor.floor) if not isinstance(floor, str) and floor.floor else None
        if rank is not None and claim.rank >= rank and not claim.over and claim.until > day and rank not in story.floors:
            story.floors.add(rank)
            story.claims.append(Claim(rank, day, EVER, "floor"))


def extend(story: Story, claim: Claim, day: int) -> None:
    """Overrides of the edition in force hold an own claim through a later day."""
    for override in story.in_force(day).ladder.overrides:
        inside = override.first.toordinal() <= claim.until - 1 <= override.through.toordinal()
        if override.extend is not None and inside and agrees(override.when, story.world.traits_on(day)):
            claim.until = max(claim.until, override.extend.toordinal() + 1)


# --- counters ---------------------------------------------------------------------------------------------------


def set_back(story: Story, claim: Claim) -> None:
    """What `when_met` does to the counters of the path."""
    frame, terms = claim.frame, claim.terms
    assert frame is not None and terms is not None and claim.needs is not None
    totals = story.totals(frame)
    paid = {}
    for counter, least in claim.needs.items():
        rule = terms.ladder.counters.get(story.world.counters[counter])
        if rule is None or rule.when_met == "keep":
            continue
        off = totals[counter] if rule.when_met == "zero" else least
        story.taken[frame, counter] = story.taken.get((frame, counter), 0) + off
        if rule.when_met == "pay":
            paid[counter] = least
    if paid:
        story.paid.setdefault(frame, []).append((claim, paid))


def _change_window(story: Story, frame: Frame, day: int) -> None:
    """The personal window ends on the day before, and the next begins with what is left."""
    totals = story.totals(frame)
    paid = story.paid.pop(frame, [])
    open_personal(story, day, totals, day + 1 if story.through >= day else day, change=True)
    assert story.personal is not None
    story.paid[story.personal] = paid


def open_personal(story: Story, day: int, carried: list[int], counts_from: int, change: bool) -> None:
    """A personal window that begins on a day. Its months run from the month after only where a change opens it."""
    layout = story.world.terms[0].main
    after = change and layout.window.begins == "month_after_tier_change"
    last = moved(after_month_of(day) if after else day, layout.months) - 1
    place = 0 if story.personal is None else story.personal.place + 1
    story.personal = Frame(layout, place, day, last)
    story.carried, story.counts_from = carried, counts_from


# --- validity ---------------------------------------------------------------------------------------------------


def until_of(story: Story, terms: Terms, claim: Claim, since: int) -> int:
    """The day on which a claim that a window gives no longer holds, months from `since`; put off by claims from elsewhere."""
    frame, day = claim.frame, claim.begins
    assert frame is not None
    validity = terms.validity_of(claim.rank, kept=claim.source == "kept")
    until = by_form(story, validity, frame, since, day)
    if validity.from_end is not None:
        for other in story.held(max(day, story.enrolled)):
            if other.own and other.rank >= claim.rank and other.frame != frame:
                near = validity.from_end.in_last
                if near is None or moved(other.until, -near) <= frame.first:
                    until = max(until, moved(other.until, validity.from_end.months))
    return until


def by_form(story: Story, validity: Validity, frame: Frame, since: int, day: int) -> int:
    if validity.through_end_of is not None:
        form = validity.through_end_of
        return after_month_of(date(date.fromordinal(frame.first).year + form.years_after, form.month, 1).toordinal())
    if validity.months is not None:
        end = moved(since, validity.months)
        return after_month_of(end) if validity.whole_months else end
    more = validity.window_end or 0
    if frame.layout is not None and frame.layout.window.personal:
        assert story.personal is not None
        opened = story.personal.last + 1 if story.personal.last >= day else moved(day, frame.layout.months)
        return moved(opened, more * frame.layout.months)
    return windows_later(frame, more).last + 1


def main_frame(story: Story, day: int) -> Frame | None:
    """The ladder's window of a day; none where the day is in none, the first where there are several."""
    if story.personal is not None:
        return story.personal
    for layout in dict.fromkeys(terms.main for terms in story.world.terms):
        if not layout.daily:
            for frame in containing(layout, day):
                if story.owned(frame):
                    return frame
    return None


# --- reversals --------------------------------------------------------------------------------------------------


def take_away(story: Story, frame: Frame, day: int) -> None:
    """A claim goes when no path of its tier is met, of any edition from the one that gave it to the one that counts now.

    The guards of the path that won it are not asked again, those of the others are.
    """
    _return_what_was_paid(story, frame, day)
    now = story.terms_of(frame, day)
    totals = story.totals(frame)
    for claim in list(story.claims):
        if (
            claim.frame != frame
            or claim.over
            or claim.revoked
            or claim.short
            or claim.needs is None
            or _is_set_back(story, claim)
        ):
            continue
        if all(totals[counter] >= least for counter, least in claim.needs.items()) or _met_by_another(
            story, claim, now, totals, day
        ):  # fmt: skip
            continue
        if now.strict:
            _end(story, claim)
        elif claim.until > day:
            claim.short = True


def _met_by_another(story: Story, claim: Claim, now: Terms, totals: list[int], day: int) -> bool:
    assert claim.frame is not None and claim.terms is not None
    for terms in story.world.terms[claim.terms.place : now.place + 1]:
        if story.has(terms, claim.frame):
            reach, keep = _ways(terms, claim.frame, claim.rank)
            ways = reach + (keep if claim.source == "kept" else [])
            if any(story.meets(terms, claim.frame, way, totals, day) for way in ways):
                return True
    return False


def _end(story: Story, claim: Claim) -> None:
    claim.over = True
    for key, won in list(story.won.items()):
        if won is claim:
            del story.won[key]


def _is_set_back(story: Story, claim: Claim) -> bool:
    """Whether the counters of its path were set back, so that totals say nothing about it."""
    assert claim.terms is not None and claim.needs is not None
    rules = [claim.terms.ladder.counters.get(story.world.counters[counter]) for counter in claim.needs]
    return claim.frame != LIFE and any(rule is not None and rule.when_met != "keep" for rule in rules)


def _return_what_was_paid(story: Story, frame: Frame, day: int) -> None:
    """Of the tiers that still hold, that paid last goes and its threshold comes back, until no counter is below zero."""
    while below := [counter for counter, total in enumerate(story.totals(frame)) if total < 0]:
        holding = [one for one in story.paid.get(frame, []) if not one[0].over and one[0].until > day]
        paid = [one for one in holding if any(counter in one[1] for counter in below)]
        if not paid:
            return
        claim, amounts = paid[-1]
        story.paid[frame].remove(paid[-1])
        _end(story, claim)
        for counter, amount in amounts.items():
            story.taken[frame, counter] = story.taken.get((frame, counter), 0) - amount
