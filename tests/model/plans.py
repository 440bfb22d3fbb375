"""Which mechanics of ladder.yaml a drawn program uses, each to be switched on by its name.

What docs/ladder.md leaves open, and what makes no sense together, is not chosen together.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

#: Every mechanic; the last three go with any other.
BESIDE = ("editions", "facts", "reversals")
MECHANICS = (
    "windows", "every", "every_day", "personal", "stretched", "closes_after", "at_end", "levels", "named", "holds", "held",
    "when", "traits", "validity", "keep_validity", "from_end", "keep_at_end", "keep_window", "one_tier_down", "grace",
    "floor", "when_met", "rollover", "accruals", "layers", "lifetime", "milestones", "offers", "thresholds", "extend",
    "window_editions",
)  # fmt: skip
ALL = frozenset({*MECHANICS, *BESIDE})


@dataclass
class Plan:
    """What a program is made of, the same in all its editions."""

    mechanics: Set[str]
    tiers: int
    counters: int
    editions: int
    kind: str
    at_end: bool = False
    levels: bool = False
    stretched: bool = False
    keep_at_end: bool = False
    keep_window: str = ""
    when_met: Literal["keep", "pay", "zero"] = "keep"
    rollover: bool = False
    named: bool = False
    named_daily: bool = False
    layer: int = 0
    layer_on: int = 0
    floor: int = 0
    holds: bool = False
    held: bool = False
    when: bool = False
    accruals: bool = False
    lifetime: bool = False
    milestones: bool = False
    milestone_holds: bool = False
    offers: bool = False
    thresholds: bool = False
    window_editions: bool = False
    reversals: bool = False

    @property
    def overlapping(self) -> bool:
        return self.kind in ("every", "daily")

    def on(self, name: str) -> bool:
        return name in self.mechanics

    @property
    def names(self) -> list[str]:
        return [f"c{place}" for place in range(self.counters)]


def number(draw: Any, least: int, most: int) -> int:
    return int(draw(st.integers(least, most)))


# --- which mechanics go together --------------------------------------------------------------------------------


@st.composite
def plans(draw: Any, mechanics: Set[str]) -> Plan:
    """A choice of mechanics that make sense together. One alone is always chosen."""
    alone = len(set(mechanics) - set(BESIDE)) == 1

    def use(name: str, unless: bool = False) -> bool:
        return not unless and name in mechanics and (alone or bool(draw(st.booleans())))

    chosen = {
        name
        for name in ("validity", "keep_validity", "from_end", "one_tier_down", "grace", "extend", "traits", "closes_after")
        if use(name)
    }
    kinds = [kind for kind in ("windows", "every", "every_day", "personal") if kind in mechanics]
    kind = draw(st.sampled_from(kinds if alone and kinds else ["plain", *kinds]))
    kind = {"every_day": "daily", "windows": "laid"}.get(kind, kind)
    plan = Plan(chosen, number(draw, 1, 3), draw(st.sampled_from([1, 1, 2])), 1, kind)
    if {"one_tier_down", "holds", "from_end", "rollover"} & {*chosen, *(mechanics if alone else ())}:
        plan.tiers = max(plan.tiers, 2)
    laid = kind in ("plain", "laid")
    plan.levels = use("levels", unless=not laid)
    plan.at_end = plan.levels or use("at_end", unless=not (laid or kind == "every"))
    plan.stretched = use("stretched", unless=not laid or plan.levels)
    plan.window_editions = use("window_editions", unless=not (laid or kind == "every") or plan.stretched or plan.levels)
    _keeping(draw, plan, use)
    _counting(draw, plan, use)
    _giving(draw, plan, use)
    several = "editions" in mechanics or plan.window_editions
    plan.editions = number(draw, 2 if plan.window_editions else 1, 3) if several else 1
    if plan.rollover and kind == "personal":
        plan.editions = 1
    plan.reversals = "reversals" in mechanics and not (plan.floor or plan.offers or plan.when_met == "zero")
    plan.reversals = plan.reversals and not (kind == "personal" and plan.when_met != "pay")
    return plan


def _keeping(draw: Any, plan: Plan, use: Any) -> None:
    window = use("keep_window", unless=plan.kind == "personal" or plan.window_editions)
    needs_window = plan.overlapping or plan.stretched or plan.levels or plan.at_end
    plan.keep_at_end = plan.kind == "personal" or window or use("keep_at_end", unless=needs_window or plan.window_editions)
    plan.keep_window = draw(st.sampled_from(["tied", "tied", "plain"])) if window else ""
    if plan.levels and window:
        plan.keep_window = "tied"
    if plan.kind == "personal":
        plan.mechanics = set(plan.mechanics) - {"closes_after"}


def _counting(draw: Any, plan: Plan, use: Any) -> None:
    simple = not plan.overlapping and not plan.stretched and not plan.levels and not plan.window_editions
    if use("when_met", unless=not simple or plan.keep_window == "plain"):
        plan.when_met = draw(st.sampled_from(["pay", "pay", "zero"]))
    plan.rollover = use("rollover", unless=not simple)
    later = plan.keep_at_end or plan.rollover or plan.when_met != "keep" or plan.kind == "personal" or plan.window_editions
    plan.named = use("named", unless=later)
    plan.named_daily = plan.named and draw(st.booleans())
    plan.milestones = use("milestones", unless=plan.at_end or (later and not plan.keep_at_end) or plan.kind == "personal")


def _giving(draw: Any, plan: Plan, use: Any) -> None:
    plan.floor = number(draw, 1, plan.tiers) if use("floor") else 0
    if use("layers", unless=bool(plan.floor) or plan.rollover):
        plan.tiers += 1
        plan.layer = plan.tiers if plan.keep_at_end else number(draw, 2, plan.tiers)
        plan.layer_on = number(draw, 1, plan.layer - 1)
    plan.holds = use("holds", unless=plan.keep_at_end)
    plan.milestone_holds = plan.milestones and bool(draw(st.booleans()))
    plan.held = use("held")
    plan.when = use("when") or plan.on("traits")
    plan.accruals = use("accruals", unless=plan.kind == "personal")
    plan.lifetime = use("lifetime", unless=plan.kind == "personal") or plan.accruals
    plan.offers = use("offers")
    plan.thresholds = use("thresholds", unless=plan.rollover)
