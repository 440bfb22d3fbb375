"""Random programs of the whole language of ladder.yaml, of the mechanics that a plan names."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from loyalty.program.ladder import (
    Accrual,
    ByTier,
    Counter,
    FromEnd,
    Gift,
    Grace,
    GuardedPath,
    Held,
    LadderFile,
    Lapse,
    Lifetime,
    Milestone,
    MonthEnd,
    Offer,
    Override,
    Path,
    Rollover,
    Stretched,
    Tier,
    Validity,
    Window,
    YearDay,
    first_counter,
)  # fmt: skip
from loyalty.program.models import Attribute, Unit
from tests.model.oracle.terms import Program
from tests.model.plans import Plan, number
from tests.model.strategies import START, offsets

ATTRIBUTES = {"country": Attribute(type="text", one_of=("cn", "de", "us")), "age": Attribute(type="integer")}


# --- windows ----------------------------------------------------------------------------------------------------


@st.composite
def windows(draw: Any, plan: Plan, kind: str) -> Window:
    """A window of a kind; lengths of a few months to two years."""
    judged: Any = "at_end" if plan.at_end else "as_earned"
    closes = draw(st.sampled_from([0, 10, 100])) if plan.on("closes_after") else None
    begins: Any = None
    if kind == "daily":
        length = (
            {"days": draw(st.sampled_from([1, 30, 365]))}
            if draw(st.booleans())
            else {"months": draw(st.sampled_from([1, 3, 12]))}
        )
        return Window(**length, every="day", closes_after=closes)
    if kind == "personal":
        begins = draw(st.sampled_from(["tier_change", "month_after_tier_change"]))
        return Window(months=draw(st.sampled_from([3, 6, 12])), begins=begins)
    if kind == "plain":
        return Window(months=12, judged=judged, closes_after=closes)
    begins = draw(st.sampled_from([None, YearDay(month=3), YearDay(month=2, day=15), "enrolment", "enrolment_month"]))
    if plan.stretched or (plan.rollover and plan.editions > 1):
        begins = draw(st.sampled_from([None, YearDay(month=3), YearDay(month=2, day=15)]))
    if kind == "every":
        every = draw(st.sampled_from([1, 3, 6, 12]))
        months = draw(st.sampled_from([months for months in (2, 6, 12, 24) if months > every]))
        return Window(months=months, every=every, begins=begins, judged=judged, closes_after=closes)
    months = draw(st.sampled_from([12, 12, 6, 3, 24, 18, 5]))
    return Window(months=months, begins=begins, judged=judged, closes_after=closes)


@st.composite
def stretches(draw: Any) -> Stretched:
    """One window that begins earlier or ends later than it would, or ends sooner."""
    day = date(draw(st.sampled_from([2014, 2015])), 6, 20)
    first = draw(st.sampled_from([date(day.year, 1, 1), date(day.year - 1, 11, 1), date(day.year, 3, 1)]))
    through = draw(st.sampled_from([date(day.year, 12, 31), date(day.year + 1, 3, 31), date(day.year, 10, 31)]))
    return Stretched.model_validate({"day": day, "from": first, "through": through})


# --- validity and lapse -----------------------------------------------------------------------------------------


@st.composite
def validities(draw: Any, plan: Plan, lapsing: bool = False) -> Validity:
    """How long a tier holds; long enough to be kept where it is judged at its end."""
    if plan.kind == "personal" and not lapsing:
        return Validity(window_end=draw(st.sampled_from([0, 0, 0, 1])))
    whole = plan.on("validity") and bool(draw(st.booleans()))
    further = None
    if plan.on("from_end") and not lapsing and draw(st.sampled_from([True, True, False])):
        further = FromEnd(months=draw(st.sampled_from([1, 6, 12])), in_last=draw(st.sampled_from([None, 3, 12, 24])))
    forms = ["months"] if not plan.levels or plan.keep_window == "tied" else []
    loose = plan.stretched or plan.window_editions or plan.overlapping
    if plan.keep_window != "tied" and not (lapsing and (loose or plan.kind == "personal")):
        forms.append("year")
        if plan.kind != "daily" and not plan.named_daily:
            forms.append("window")
    form = draw(st.sampled_from(forms))
    if form == "months":
        return Validity(months=draw(st.sampled_from([1, 3, 12, 13])), whole_months=whole, from_end=further)
    later = 1 if plan.keep_at_end else 0
    if form == "window":
        more = 0 if plan.window_editions else number(draw, later, later + 1)
        return Validity(window_end=more, from_end=further)
    years = number(draw, 0, 2) + later * 3
    return Validity(through_end_of=MonthEnd(month=draw(st.sampled_from([1, 2, 6, 12])), years_after=years), from_end=further)


@st.composite
def lapses(draw: Any, plan: Plan) -> Any:
    if not (plan.on("one_tier_down") or plan.on("grace") or plan.floor):
        return "fall_to_earned"
    down = plan.on("one_tier_down") and draw(st.sampled_from([True, True, False]))
    grace = (
        Grace(**draw(st.sampled_from([{"months": 1}, {"months": 3}, {"days": 1}, {"days": 45}]))) if plan.on("grace") else None
    )
    loose = plan.stretched or plan.window_editions or plan.overlapping
    plain = down and plan.kind != "personal" and (loose or draw(st.booleans()))
    return Lapse(
        to="one_tier_down" if down else "earned",
        validity=draw(validities(plan, lapsing=True)) if plain else None,
        grace=grace,
        floor=f"t{plan.floor}" if plan.floor else None,
    )


# --- paths ------------------------------------------------------------------------------------------------------


def scaled(name: str, least: int) -> Decimal:
    """A threshold in the unit: c1 has one decimal."""
    return Decimal(least) / 10 if name == "c1" else Decimal(least)


@st.composite
def needs(draw: Any, plan: Plan, least: int = 1, most: int = 14) -> dict[str, Decimal]:
    names = [*plan.names, *(["l0", "l0"] if plan.levels else [])]
    picked = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    return {name: scaled(name, number(draw, least, most)) for name in picked}


@st.composite
def conditions(draw: Any) -> dict[str, Any]:
    one = st.sampled_from([
        {"member.country": "cn"}, {"member.country": ["de", "us"]}, {"member.age": {"at_least": 18}},
        {"member.age": {"below": 60}, "member.country": "us"}, {"not": {"member.country": "de"}},
        {"any": [{"member.country": "de"}, {"member.age": {"above": 30}}]},
    ])  # fmt: skip
    return dict(draw(one))


@st.composite
def helds(draw: Any, plan: Plan) -> Held:
    tier, unbroken = f"t{number(draw, 1, plan.tiers)}", draw(st.booleans())
    if draw(st.booleans()):
        return Held(tier=tier, years=number(draw, 1, 2), unbroken=unbroken)
    return Held(tier=tier, days=draw(st.sampled_from([1, 30, 100, 400])), unbroken=unbroken)


@st.composite
def paths(draw: Any, plan: Plan, rank: int, keep: bool = False, least: dict[str, Decimal] | None = None) -> Path:
    """A path with, now and then, guards."""
    found = least or draw(needs(plan, most=8 if keep else 14))
    guards: dict[str, Any] = {}
    below = rank if keep else rank - 1
    kinds = [
        *(["holds"] if plan.holds and below > 0 else []),
        *(["held"] if plan.held else []),
        *(["when"] if plan.when else []),
    ]
    # most paths have one guard or none, so that tiers are reached
    for kind in draw(st.sampled_from([[], *([kind] for kind in kinds), [], *([kinds[-2:]] if len(kinds) > 1 else [])])):
        if kind == "holds":
            guards["holds"] = f"t{number(draw, 1, below)}"
        else:
            guards[kind] = draw(helds(plan) if kind == "held" else conditions())
    if plan.named and "l0" not in found and draw(st.booleans()):
        guards["window"] = "w1"
    return GuardedPath(needs=found, **guards) if guards else found


@st.composite
def tiers(draw: Any, plan: Plan) -> tuple[Tier, ...]:
    """Half of the ladders rise: each path of a tier, with more of everything, is one of the tier above."""
    rising = draw(st.booleans())
    found = [Tier(id="t0", name={"en": "T0"})]
    last: list[dict[str, Decimal]] = []
    keeps = plan.keep_at_end or draw(st.sampled_from([True, True, False]))
    if plan.when_met != "keep" and not plan.keep_at_end:
        keeps = False
    for rank in range(1, plan.tiers + 1):
        if rising and last:
            last = [{name: least + scaled(name, number(draw, 0, 6)) for name, least in path.items()} for path in last]
        else:
            last = draw(st.lists(needs(plan), min_size=0 if rank > 1 else 1, max_size=2))
        reach = tuple(draw(paths(plan, rank, least=path)) for path in last)
        keep = tuple(draw(st.lists(paths(plan, rank, keep=True), max_size=2))) if keeps and draw(st.booleans()) else ()
        found.append(
            Tier(
                id=f"t{rank}",
                name={"en": f"T{rank}"},
                reach=reach,
                keep=keep,
                layer_on=f"t{plan.layer_on}" if rank == plan.layer else None,
                validity=draw(validities(plan)) if plan.on("validity") and draw(st.booleans()) else None,
            )
        )
    return tuple(found)


# --- counters, milestones, offers, overrides --------------------------------------------------------------------


@st.composite
def rollovers(draw: Any, plan: Plan) -> Rollover | None:
    if not plan.rollover:
        return None
    personal = plan.kind == "personal"
    unless_fallen = bool(draw(st.booleans()))
    by_tier = ByTier(
        tier={f"t{rank}": Decimal(2 + 3 * rank) for rank in range(plan.tiers + 1) if draw(st.booleans()) or rank == 1}
    )
    most = draw(st.sampled_from([None, None, Decimal(5), by_tier]))
    if personal and isinstance(most, ByTier):
        unless_fallen = True
    return Rollover(
        of="all" if personal or plan.when_met != "keep" else draw(st.sampled_from(["all", "excess", "excess"])),
        percent=Decimal(draw(st.sampled_from(["100", "100", "50", "33.3"]))),
        most=most,
        once=not personal and plan.when_met == "keep" and draw(st.booleans()),
        earned=f"t{number(draw, 1, plan.tiers)}" if not personal and draw(st.booleans()) else None,
        unless_fallen=unless_fallen,
    )


@st.composite
def milestone_paths(draw: Any, plan: Plan, window: dict[str, Any]) -> Path:
    names = draw(st.permutations(plan.names))[: number(draw, 1, 2)]
    totals = {name: scaled(name, number(draw, 2, 10)) for name in names}
    guards: dict[str, Any] = {"when": draw(conditions())} if plan.when and draw(st.booleans()) else {}
    if plan.milestone_holds and draw(st.booleans()):
        guards["holds"] = f"t{number(draw, 1, plan.tiers)}"
    return GuardedPath(needs=totals, **window, **guards) if window or guards else totals


@st.composite
def milestones(draw: Any, plan: Plan) -> tuple[Milestone, ...]:
    def one(n: int) -> Milestone:
        window = {"window": "w1"} if plan.named and draw(st.booleans()) else {}
        several = [draw(milestone_paths(plan, window)) for _ in range(draw(st.sampled_from([1, 1, 2, 3])))]
        at = several[0] if len(several) == 1 and draw(st.booleans()) else tuple(several)
        first = sorted({name for path in several if (name := first_counter(path))})
        again = {name: scaled(name, number(draw, 2, 9)) for name in first if draw(st.sampled_from([True, True, False]))}
        every: Any = (again if len(first) > 1 or draw(st.booleans()) else next(iter(again.values()))) if again else None
        return Milestone(
            id=f"m{n}", name={"en": "M"}, at=at, every=every, most=draw(st.sampled_from([None, None, 1, 3])),
            gives=(Gift(instrument="voucher"),), reversal=draw(st.sampled_from(["take_back", "take_back", "keep"])),
        )  # fmt: skip

    return tuple(one(n) for n in range(number(draw, 1, 2))) if plan.milestones else ()


@st.composite
def offers(draw: Any, plan: Plan) -> tuple[Offer, ...]:
    if not plan.offers:
        return ()
    goal = {name: least for name, least in draw(needs(plan, most=7)).items() if name != "l0"} or {"c0": Decimal(5)}
    then = Validity(months=draw(st.sampled_from([1, 12])), whole_months=draw(st.booleans()))
    return (
        Offer(
            id="o1", name={"en": "O"}, tiers=tuple(f"t{rank}" for rank in range(1, plan.tiers + 1)),
            trial=Validity(months=3), goal=goal, then=then,
        ),
    )  # fmt: skip


@st.composite
def overrides(draw: Any, plan: Plan) -> tuple[Override, ...]:
    found = []
    for word in ("thresholds", "extend"):
        if plan.thresholds if word == "thresholds" else plan.on("extend"):
            year = draw(st.sampled_from([2013, 2014, 2015]))
            first, through = date(year, draw(st.sampled_from([1, 3, 6])), 1), date(year + draw(st.sampled_from([0, 1])), 12, 31)
            figures = st.sampled_from([Decimal(50), Decimal(75), Decimal("33.3"), Decimal(120)])
            what = draw(figures) if word == "thresholds" else date(through.year + draw(st.sampled_from([0, 1])), 9, 30)
            when = draw(conditions()) if plan.when and draw(st.booleans()) else None
            found.append(
                Override.model_validate({"id": word, "from": first, "through": through, "when": when, word: what})
            )  # fmt: skip
    return tuple(found)


@st.composite
def lifetimes(draw: Any, plan: Plan) -> tuple[Lifetime, ...]:
    if not plan.lifetime:
        return ()
    found: list[Lifetime] = []
    for _ in range(number(draw, 1, 2)):
        total = {name: scaled(name, number(draw, 10, 40)) for name in plan.names[:1]}
        path: Path = total
        if plan.accruals and draw(st.sampled_from([True, True, False])):
            path = {"life": Decimal(draw(st.sampled_from([10, 100, 500])))}
        elif plan.held or draw(st.booleans()):
            path = GuardedPath(needs=total if draw(st.booleans()) else {}, held=draw(helds(plan)))
        found.append(Lifetime(tier=f"t{number(draw, 1, plan.tiers)}", path=path))
    return tuple(found)


# --- programs ---------------------------------------------------------------------------------------------------


def units_of(plan: Plan) -> dict[str, Unit]:
    units = {"points": Unit(kind="points", name={"en": "P"})}
    units |= {name: Unit(kind="counter", name={"en": name}, decimals=int(name == "c1")) for name in plan.names}
    if plan.levels:
        units["l0"] = Unit(kind="level", name={"en": "L"})
    if plan.accruals:
        units["life"] = Unit(kind="counter", name={"en": "Life"})
    return units


@st.composite
def beginnings(draw: Any, plan: Plan) -> list[date]:
    """The first days of the editions: not of a window into which something rolls."""
    later = sorted(draw(st.sets(offsets, min_size=plan.editions - 1, max_size=plan.editions - 1)))
    days = [date.fromordinal(START + at) for at in [-1000, *later]]
    return sorted({day.replace(day=day.day + 1) if plan.rollover and day.day in (1, 15) else day for day in days})


@st.composite
def programs(draw: Any, plan: Plan, begins: list[date]) -> Program:
    """The editions of a plan: figures, paths, validity, lapse and reversal are each edition's own."""
    main = draw(windows(plan, plan.kind))
    same: dict[str, Any] = {
        "base": "t0",
        "stretched": (draw(stretches()),) if plan.stretched else (),
        "keep": "at_end" if plan.keep_at_end else "as_earned",
        "milestones": draw(milestones(plan)),
        "offers": draw(offers(plan)),
    }
    if plan.keep_window:
        tied = Window(months=draw(st.sampled_from([3, 12])), before_end=number(draw, 0, 2))
        same["keep_window"] = tied if plan.keep_window == "tied" else Window(months=draw(st.sampled_from([6, 12, 24])))
    if plan.named:
        kind = "daily" if plan.named_daily else draw(st.sampled_from(["laid", "every"]))
        loose = Plan(
            plan.mechanics, 1, 1, 1, kind, at_end=kind != "daily" and not plan.milestones and bool(draw(st.booleans()))
        )
        same["windows"] = {"w1": draw(windows(loose, kind))}
    strict = plan.when_met == "pay"
    accrual = Accrual(counter="life", per_day={f"t{rank}": Decimal(rank) for rank in range(1, plan.tiers + 1)})
    editions: list[tuple[date, LadderFile, dict[str, Unit]]] = []
    for begin in begins:
        rule = draw(rollovers(plan))
        counters = {name: Counter(when_met=plan.when_met, rollover=rule) for name in plan.names}
        ladder = LadderFile(
            **same,
            tiers=draw(tiers(plan)),
            window=draw(windows(plan, plan.kind)) if plan.window_editions and editions else main,
            validity=draw(validities(plan)),
            keep_validity=draw(validities(plan)) if plan.on("keep_validity") else None,
            lapse=draw(lapses(plan)),
            reversal="strict" if strict else draw(st.sampled_from(["strict", "keep_until_end"])),
            counters=counters if plan.when_met != "keep" or rule else {},
            accruals=(accrual,) if plan.accruals else (),
            lifetime=draw(lifetimes(plan)),
            overrides=draw(overrides(plan)),
        )
        editions.append((begin, ladder, units_of(plan)))
    return Program(tuple(editions), ATTRIBUTES if plan.when else {})
