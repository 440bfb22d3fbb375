"""Cross-checks of ladder.yaml: what its parts say of each other and of the units, so that a ladder that loads can run."""

import json
from collections.abc import Iterator

from loyalty.program.grant_checks import check_grants
from loyalty.program.ladder import Counter, LadderFile, Lapse, Path, Tier, guarded
from loyalty.program.names import Names, needs_way, once
from loyalty.program.problems import listed, nearest
from loyalty.program.reader import Way
from loyalty.program.window_checks import check_windows, milestone_paths, window_of

#: The parts of a ladder whose entries have an id, and what one of them is called.
NAMED = {"tiers": "tier", "deposits": "deposit", "milestones": "milestone", "offers": "offer", "overrides": "override"}
UNJUDGED = "averaged over a window judged at_end, as this one is not"


def check_ladder(ladder: LadderFile, names: Names) -> None:
    """The ladder against the units and itself: names, one order without ties, paths that can be met, words that go together."""
    for part, what in NAMED.items():
        _ids(part, what, ladder, names)
    _base(ladder, names)
    for n, tier in enumerate(ladder.tiers):
        _tier(n, tier, ladder, names)
    _ties(ladder, names)
    for way, path, levels in _paths(ladder):
        _path(path, way, levels, names)
    _accrued(ladder, names)
    check_windows(ladder, names)
    if ladder.lapse != "fall_to_earned":
        _lapse(ladder.lapse, names)
    for counter, about in ladder.counters.items():
        _counter(counter, about, ladder, names)
    _amounts(ladder, names)
    check_grants(ladder, names)


def _ids(part: str, what: str, ladder: LadderFile, names: Names) -> None:
    once([named.id for named in getattr(ladder, part)], what, lambda n: (part, n, "id"), names.tell)


# --- tiers ------------------------------------------------------------------------------------------------------


def _base(ladder: LadderFile, names: Names) -> None:
    first = ladder.tiers[0]
    if ladder.base != first.id:
        names.tell(("base",), f"found {ladder.base}; allowed: the lowest tier, {first.id}.{nearest(ladder.base, [first.id])}")
    if first.reach or first.keep:
        names.tell(("tiers", 0), f"the base tier {first.id} is everybody's: it takes no path")
    for word in ("invitation", "layer_on", "validity"):
        if getattr(first, word):
            names.tell(("tiers", 0, word), f"the base tier {first.id} is everybody's, for ever: it takes no {word}")


def _tier(n: int, tier: Tier, ladder: LadderFile, names: Names) -> None:
    if n:
        _got(n, tier, ladder, names)
    if tier.layer_on is not None and tier.layer_on not in names.tiers:
        names.tier(tier.layer_on, ("tiers", n, "layer_on"))
    elif tier.layer_on is not None:
        below = [other.id for other in ladder.tiers[:n] if other.layer_on is None]
        if tier.layer_on not in below:
            names.tell(
                ("tiers", n, "layer_on"), f"found {tier.layer_on}; allowed: a tier below that is no layer, {listed(below)}"
            )


def _got(n: int, tier: Tier, ladder: LadderFile, names: Names) -> None:
    offered = any(tier.id in offer.tiers for offer in ladder.offers)
    # one_tier_down gives a tier to those who held the one above
    given = tier.reach or tier.invitation or offered or (_lands(ladder) and n + 1 < len(ladder.tiers))
    if tier.keep and not given:
        names.tell(("tiers", n, "keep"), f"{tier.id} can be kept but never got: add reach, or invitation: true")
    elif not given and tier.id not in {life.tier for life in ladder.lifetime}:
        names.tell(("tiers", n), f"nothing gets {tier.id}: add reach, a lifetime path, or invitation: true")


def _lands(ladder: LadderFile) -> bool:
    return ladder.lapse != "fall_to_earned" and ladder.lapse.to == "one_tier_down"


def _ties(ladder: LadderFile, names: Names) -> None:
    """Two tiers with a path in common have no order: whoever meets it would have both. A layer is held with the other."""
    seen: dict[str, str] = {}
    for n, tier in enumerate(ladder.tiers):
        for p, path in enumerate(() if tier.layer_on else tier.reach):
            key = json.dumps(guarded(path).model_dump(mode="json"), sort_keys=True)
            if key in seen:
                names.tell(
                    ("tiers", n, "reach", p), f"{tier.id} and {seen[key]} have the same path; allowed: one tier for a path"
                )
            seen[key] = tier.id


# --- paths ------------------------------------------------------------------------------------------------------


def _paths(ladder: LadderFile) -> Iterator[tuple[Way, Path, bool | None]]:
    """Every path that is counted in windows, and whether levels are averaged there; none for those counted in none."""
    for n, tier in enumerate(ladder.tiers):
        for p, path in enumerate(tier.reach):
            yield ("tiers", n, "reach", p), path, window_of(path, ladder).judged == "at_end"
        for p, path in enumerate(tier.keep):
            # a window to keep is looked at when the tier ends, whatever it says
            levels = window_of(path, ladder).judged == "at_end" or ladder.keep_window is not None
            yield ("tiers", n, "keep", p), path, levels
    for way, _, path in milestone_paths(ladder):
        yield way, path, window_of(path, ladder).judged == "at_end"
    for n, life in enumerate(ladder.lifetime):
        yield ("lifetime", n, "path"), life.path, None
    for n, offer in enumerate(ladder.offers):
        if offer.goal is not None:
            yield ("offers", n, "goal"), offer.goal, None


def _path(path: Path, way: Way, levels: bool | None, names: Names) -> None:
    long = guarded(path)
    names.figures(long.needs, needs_way(path, way), bool(levels), "not a counter" if levels is None else UNJUDGED)
    names.tier(long.holds, (*way, "holds"))
    names.tier(long.held.tier if long.held else None, (*way, "held", "tier"))
    names.when(long.when, (*way, "when"))
    if levels is not None:
        names.window(long.window, (*way, "window"))
    elif long.window is not None:
        counted = "all that ever was" if way[0] == "lifetime" else "the days of the trial"
        names.tell((*way, "window"), f"found {long.window}; allowed: no window, for this path counts {counted}")


def _accrued(ladder: LadderFile, names: Names) -> None:
    """A counter that grows with time has no window."""
    accrued = {accrual.counter for accrual in ladder.accruals}
    for way, path, _levels in _paths(ladder):
        for counter in accrued & guarded(path).needs.keys() if way[0] != "lifetime" else ():
            names.tell(
                (*needs_way(path, way), counter), f"{counter} grows with every day (accruals); allowed: only in lifetime paths"
            )


# --- the end of validity, counters ------------------------------------------------------------------------------


def _lapse(lapse: Lapse, names: Names) -> None:
    names.tier(lapse.floor, ("lapse", "floor"))
    if lapse.floor == names.tiers[0]:
        names.tell(("lapse", "floor"), f"found {lapse.floor}, which nobody falls below; allowed: {listed(names.tiers[1:])}")
    if lapse.validity is not None and lapse.to != "one_tier_down":
        names.tell(("lapse", "validity"), f"found to: {lapse.to}; allowed: validity with to: one_tier_down, for the tier below")


def _counter(counter: str, about: Counter, ladder: LadderFile, names: Names) -> None:
    way: Way = ("counters", counter)
    names.counter(counter, way)
    rollover = about.rollover
    if rollover is None:
        return
    way = (*way, "rollover")
    names.tier(rollover.earned, (*way, "earned"))
    names.amount(counter, rollover.most, (*way, "most"))
    if rollover.percent <= 0:
        names.tell((*way, "percent"), f"found {rollover.percent}; allowed: above 0")
    reach = {name: True for tier in ladder.tiers for path in tier.reach for name in guarded(path).needs}
    if rollover.of == "excess" and counter not in reach:
        names.tell(
            (*way, "of"),
            f"found excess, which is what is above a threshold to reach a tier; no path to reach names {counter};"
            f" allowed: all, or excess of {listed(reach)}",
        )


def _amounts(ladder: LadderFile, names: Names) -> None:
    """Amounts that come with tiers and time; and what staff may waive."""
    for n, deposit in enumerate(ladder.deposits):
        names.unit(deposit.unit, ("deposits", n, "unit"))
        names.amount(deposit.unit, deposit.amount, ("deposits", n, "amount"))
        names.when(deposit.when, ("deposits", n, "when"))
    for n, accrual in enumerate(ladder.accruals):
        names.counter(accrual.counter, ("accruals", n, "counter"))
        names.by_tier(accrual.per_day, ("accruals", n, "per_day"))
        for tier, amount in accrual.per_day.items():
            names.figure(accrual.counter, amount, ("accruals", n, "per_day", tier))
    for n, life in enumerate(ladder.lifetime):
        names.tier(life.tier, ("lifetime", n, "tier"))
    names.figures(ladder.waiver.within if ladder.waiver else {}, ("waiver", "within"))
