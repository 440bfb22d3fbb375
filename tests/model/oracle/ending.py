"""What happens at ends: the end of a tier's validity, and the end of a window, from which counters roll over."""

from decimal import ROUND_FLOOR, Decimal

from loyalty.program.ladder import ByTier, Lapse, Rollover, Validity
from tests.model.oracle.calendar import Frame, containing, laid, moved, tied_to
from tests.model.oracle.story import Claim, Story
from tests.model.oracle.terms import Terms
from tests.model.oracle.winning import add, by_form, look, main_frame, open_personal, set_back, take_away, until_of

# --- the end of validity ----------------------------------------------------------------------------------------


def lapse(story: Story, day: int) -> None:
    """Own claims that ended today are judged: kept, grace, the fall by one tier. By the edition of the day before."""
    ended = [claim for claim in story.claims if claim.own and not claim.over and claim.begins < day and claim.until == day]
    if not ended:
        return
    terms = story.in_force(day - 1)
    tiers = [claim for claim in ended if not story.is_layer(claim.rank)]
    going = [claim.rank for claim in story.held(day) if claim.own and not story.is_layer(claim.rank)]
    highest = max((claim.rank for claim in tiers), default=0)
    if highest > max(going, default=0):
        _judge(story, terms, highest, [claim for claim in tiers if claim.rank == highest], day)
    if terms.keeps_at_end:
        for rank in sorted({claim.rank for claim in ended if story.is_layer(claim.rank)}):
            below = [claim.rank for claim in story.held(day) if not story.is_layer(claim.rank)]
            goes_on = any(claim.own and claim.rank == rank for claim in story.held(day))
            if max(below) >= terms.layers[rank] and not goes_on:
                _keep_at_end(story, terms, rank, day)


def _judge(story: Story, terms: Terms, rank: int, ended: list[Claim], day: int) -> None:
    how = terms.ladder.lapse if isinstance(terms.ladder.lapse, Lapse) else Lapse()
    if terms.keeps_at_end:
        lower = [at for at in range(rank - 1, 0, -1) if not story.is_layer(at)] if how.to == "earned" else []
        for at in [rank, *lower]:
            if _keep_at_end(story, terms, at, day):
                story.fallen = day if at < rank else story.fallen
                return
    story.fallen = day
    if how.grace is not None and any(claim.source != "grace" for claim in ended):
        until = moved(day, how.grace.months) if how.grace.months is not None else day + (how.grace.days or 0)
        add(story, Claim(rank, day, until, "grace", terms=terms))
        return
    below = [at for at in range(1, rank) if not story.is_layer(at)]
    if how.to == "one_tier_down" and below:
        frame = main_frame(story, day)
        if story.personal is not None and story.personal.last < day:
            frame = Frame(story.personal.layout, story.personal.place + 1, day, day)  # the one that opens today
        frame = frame or Frame(None, 0, day, day)
        validity = how.validity or terms.validity_of(below[-1])
        until = by_form(story, validity, frame, _since(validity, day), day)
        add(story, Claim(below[-1], day, until, "landed", terms=terms))


def _since(validity: Validity, day: int) -> int:
    """The day from which months run of what follows on a day: whole months are those of the day before."""
    return day - 1 if validity.whole_months else day


def _keep_at_end(story: Story, terms: Terms, rank: int, day: int) -> bool:
    """Keep a tier that has ended today by the window of `keep_window`, or the ladder's of the day before."""
    frame = _judged_frame(story, terms, day)
    if frame is None:
        return False
    judging = story.terms_of(frame, day - 1) if terms.tied is None else terms
    totals = story.totals(frame, before=day)
    for way in judging.keep.get(rank, []) + judging.reach.get(rank, []):
        if story.meets(judging, frame, way, totals, day):
            claim = Claim(rank, day, day, "kept", frame, judging, totals=tuple(totals))
            claim.needs = story.needs_of(judging, frame, way, day)
            set_back(story, claim)
            claim.until = until_of(story, judging, claim, _since(judging.validity_of(rank, kept=True), day))
            story.won.setdefault((frame, rank), claim)
            add(story, claim)
            return True
    return False


def _judged_frame(story: Story, terms: Terms, day: int) -> Frame | None:
    if terms.tied is None:
        return main_frame(story, day - 1)
    if terms.tied.window.before_end is not None:
        return tied_to(terms.tied, day)
    return next(iter(containing(terms.tied, day - 1)), None)


# --- the end of a window ----------------------------------------------------------------------------------------


def close(story: Story, day: int) -> dict[Frame, int]:
    """What rolls over from windows that ended yesterday opens the next: those, to be looked at."""
    if story.personal is not None:
        if story.personal.last >= day:
            return {}
        rolled = rolled_out(story, story.personal, day)
        carried = [rolled.get(counter, 0) for counter in range(len(story.world.counters))]
        open_personal(story, day, carried, day, change=False)
        assert story.personal is not None
        return {story.personal: day}
    opened: dict[Frame, int] = {}
    for layout in dict.fromkeys(terms.main for terms in story.world.terms if any_rolls(terms)):
        for frame in containing(layout, day - 1):
            if frame.last == day - 1 and story.owned(frame):
                opened |= roll_on(story, frame, day, {})
    return opened


def any_rolls(terms: Terms) -> bool:
    return any(counter.rollover is not None for counter in terms.ladder.counters.values())


def roll_on(story: Story, frame: Frame, day: int, latest: dict[Frame, int]) -> dict[Frame, int]:
    """Count anew what a closed window rolls into the next, and so on. The windows that it changed, closed ones looked at.

    `latest`: the day of the latest activity of today in a window. Where less is rolled over than before, that is as a reversal.
    """
    changed: dict[Frame, int] = {}
    while frame.last < day:
        out = rolled_out(story, frame, day)
        assert frame.layout is not None
        following = laid(frame.layout, frame.place + 1)
        before = story.rolled.get(following, {})
        if out == before:
            break
        story.rolled[following] = out
        changed[following] = latest.get(following, day)
        lowered = any(out.get(counter, 0) < amount for counter, amount in before.items())
        story.rolled_today[following] = lowered or story.rolled_today.get(following, False)
        if lowered:
            take_away(story, following, day)
        if following.last < day:
            for rank in range(1, story.top + 1):
                look(story, following, rank, day, changed[following])
        frame = following
    return changed


def rolled_out(story: Story, frame: Frame, day: int) -> dict[int, int]:
    """What of each counter rolls out of a window that is over."""
    terms = story.terms_of(frame, frame.last)
    totals = story.totals(frame)
    won = [claim for claim in story.claims if claim.frame == frame and claim.source in ("earned", "kept")]
    revoked = {claim.rank for claim in won if claim.revoked}
    earned = max((claim.rank for claim in won if not claim.over and claim.rank not in revoked), default=0)
    found = {}
    for name, counter in terms.ladder.counters.items():
        if counter.rollover is not None:
            place = story.world.counters.index(name)
            amount = _amount(story, terms, frame, counter.rollover, place, totals[place], earned, day)
            if amount > 0:
                found[place] = amount
    return found


def _amount(
    story: Story, terms: Terms, frame: Frame, rule: Rollover, place: int, total: int, earned: int, day: int
) -> int:  # fmt: skip
    held = story.evenings.get(frame.last, 0)
    personal = frame == story.personal
    if rule.earned is not None and earned < story.world.tiers.index(rule.earned):
        return 0
    if rule.unless_fallen and (story.standing(day).rank if personal else earned) < held:
        return 0
    if rule.unless_fallen and personal and story.fallen == day:
        return 0
    amount = total
    if rule.of == "excess":
        needs = [story.needs_of(terms, frame, way, day) for way in terms.reach.get(earned, [])]
        least = [need[place] for need in needs if place in need]
        amount = total - min(least) if least else 0
    if rule.once:
        amount = min(amount, total - story.rolled.get(frame, {}).get(place, 0))
    amount = int((amount * rule.percent / 100).to_integral_value(ROUND_FLOOR))
    most = rule.most
    if isinstance(most, ByTier):
        own = max((claim.rank for claim in story.held(day) if claim.own), default=0)
        most = most.tier.get(story.world.tiers[own if personal else earned], Decimal(0))
    if most is not None:
        amount = min(
            amount, story.world.scaled(story.world.life.program.editions[terms.place][2], story.world.counters[place], most)
        )
    return max(amount, 0)
