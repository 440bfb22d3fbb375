"""Earn lines compiled: named steps turned once into plain functions over whole numbers.

Between steps a value is a whole number over a denominator that is known when compiling, so no step ever rounds
but `round`, and no fraction is ever a float.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from functools import cached_property
from math import gcd, lcm
from typing import Any

from loyalty.program.conditions import Tell, Test, always, compile_condition
from loyalty.program.figures import Figure, compile_figure
from loyalty.program.models import Cap, EarnLine, Lookup, Rounding, Step, Table, Unit
from loyalty.program.problems import listed, nearest
from loyalty.program.reader import Way
from loyalty.program.scope import Case, Scope

#: (value so far, case, amount of this line used already in the cap's window) -> value
Apply = Callable[[int, Case, int], int]


@dataclass(frozen=True)
class CompiledStep:
    """One step: what it is called, what it does, over which denominator its result stands."""

    verb: str
    apply: Apply
    over: int
    figure: Figure | None = None
    said: str = ""


@dataclass(frozen=True)
class CompiledLine:
    """An earn line ready to judge. Its result is in the unit's smallest step."""

    id: str
    unit: str
    activity: str
    first: date
    last: date
    test: Test
    steps: tuple[CompiledStep, ...]
    finish: int
    cap: Cap | None
    asks_tier: bool

    def amount(self, case: Case, used: int = 0) -> int:
        """What the line gives for a case; `used` is what its cap's window holds already."""
        value = 0
        for apply in self.applied:
            value = apply(value, case, used)
        return value * self.finish

    @cached_property
    def applied(self) -> tuple[Apply, ...]:
        """The functions of the steps alone: they run for every activity."""
        return tuple(step.apply for step in self.steps)


@dataclass(frozen=True)
class CompiledKind:
    """A kind of activity ready to judge: what rules may ask of it, when it earns at all, and its lines."""

    name: str
    scope: Scope
    earns: Test
    lines: tuple[CompiledLine, ...]
    asks_tier: bool

    @cached_property
    def caps(self) -> tuple[CompiledLine, ...]:
        return tuple(line for line in self.lines if line.cap)


@dataclass(frozen=True)
class Setting:
    """What the lines of an edition are compiled against."""

    units: Mapping[str, Unit]
    tables: Mapping[str, Table]
    scopes: Mapping[str, Scope]
    tell: Tell


def compile_line(line: EarnLine, setting: Setting, way: Way) -> CompiledLine | None:
    """The compiled line; none where its unit or kind is unknown. All problems are told with their path."""
    tell = setting.tell
    unit, scope = setting.units.get(line.unit), setting.scopes.get(line.activity)
    if unit is None:
        tell((*way, "unit"), f"the unit {line.unit} is unknown; {_choice(line.unit, setting.units)}")
    if scope is None:
        tell((*way, "activity"), f"the activity {line.activity} is unknown; {_choice(line.activity, setting.scopes)}")
    if line.first and line.through and line.through < line.first:
        tell((*way, "through"), f"found {line.through}, before from, {line.first}; allowed: that day or later")
    if unit is None or scope is None:
        return None
    steps, over = _steps(line, scope, setting, way)
    scale = 10**unit.decimals
    if scale % over:
        tell(
            (*way, "steps"),
            f"this can give fractions of {line.unit}: add a step round with half_up, half_even, down or up",
        )
    return CompiledLine(
        line.id, line.unit, line.activity, line.first or date.min, line.through or date.max,
        compile_condition(line.when, scope, (*way, "when"), tell) if line.when is not None else always,
        tuple(steps), max(scale // over, 1), next((step.cap for step in line.steps if step.cap), None),
        _asks_tier(line, setting.tables),
    )  # fmt: skip


def _choice(found: str, allowed: Any) -> str:
    return f"allowed: {listed(allowed)}.{nearest(found, allowed)}"


def _steps(line: EarnLine, scope: Scope, setting: Setting, way: Way) -> tuple[list[CompiledStep], int]:
    scale = 10 ** setting.units[line.unit].decimals
    steps: list[CompiledStep] = []
    over = 1
    for n, step in enumerate(line.steps):
        here = (*way, "steps", n)
        if (n == 0) != (step.verb in ("field", "amount")):
            setting.tell(here, "allowed: field or amount as the first step, and only there")
            continue
        compiled = _step(step, over, scale, scope, setting, (*here, step.verb))
        if step.cap is not None and step is not line.steps[-1]:
            setting.tell((*here, "cap"), "a cap counts what the line gives: put it last")
        steps.append(compiled)
        over = compiled.over
    return steps, over


def _step(step: Step, over: int, scale: int, scope: Scope, setting: Setting, way: Way) -> CompiledStep:
    if step.verb == "field":
        return _field(step.field or "", scope, way, setting.tell)
    if step.verb == "amount":
        figure = compile_figure(step.amount, scope, {}, way, setting.tell)
        number = figure.constant or 0
        return CompiledStep("amount", lambda _v, _c, _u: number, figure.over, figure)
    if step.round is not None:
        return CompiledStep("round", _rounded(step.round, over, scale), scale, said=step.round)
    if step.cap is not None:
        return _capped(step.cap, over, scale, way, setting.tell)
    figure = compile_figure(getattr(step, step.verb), scope, setting.tables, way, setting.tell)
    return _limit(step.verb, figure, over) if step.verb in ("minimum", "maximum") else _times(step.verb, figure, over)


def _field(name: str, scope: Scope, way: Way, tell: Tell) -> CompiledStep:
    subject = scope.get(name)
    if subject is None or not subject.numeric:
        numbers = [known for known, other in scope.items() if other.numeric and not known.startswith("member.")]
        tell(way, f"{name} is no number of this activity; {_choice(name, numbers)}")
        return CompiledStep("field", lambda _v, _c, _u: 0, 1, said=name)
    get = subject.get
    return CompiledStep("field", lambda _v, case, _u: get(case) or 0, 10**subject.decimals, said=name)


def _limit(verb: str, figure: Figure, over: int) -> CompiledStep:
    both = lcm(over, figure.over)
    up, mine, pick = both // over, both // figure.over, figure.pick
    choose = max if verb == "minimum" else min
    return CompiledStep(verb, lambda value, case, _u: choose(value * up, pick(case) * mine), both, figure)


def _times(verb: str, figure: Figure, over: int) -> CompiledStep:
    hundred = 1 if verb == "rate" else 100
    whole = hundred * figure.over if verb == "bonus" else 0
    under = over * hundred * figure.over
    # what every factor shares is cancelled, so that whole results are seen to be whole: 200 % is 2
    divisor = gcd(under, *(whole + int(value * figure.over) for value in figure.values))
    pick = figure.pick
    return CompiledStep(verb, lambda value, case, _u: value * ((whole + pick(case)) // divisor), under // divisor, figure)


def _capped(cap: Cap, over: int, scale: int, way: Way, tell: Tell) -> CompiledStep:
    if scale % over:
        tell(way, "a cap counts whole steps of the unit: put round before it")
    if cap.amount < 0 or cap.amount * scale % 1:
        tell((*way, "amount"), f"found {cap.amount}; allowed: 0 or more, in whole steps of the unit")
    up = max(scale // over, 1)
    limit = int(cap.amount * scale)
    return CompiledStep(
        "cap", lambda value, _c, used: min(value * up, max(limit - used, 0)), scale, said=f"{cap.amount} per {cap.per}"
    )


def _rounded(mode: Rounding, over: int, scale: int) -> Apply:
    """Round value * scale / over to a whole number. half_up and up go away from zero, down towards it."""

    def half_even(value: int, _c: Case, _u: int) -> int:
        whole, rest = divmod(value * scale, over)
        return whole + (2 * rest > over or (2 * rest == over and whole % 2 == 1))

    if mode == "half_even":
        return half_even
    if mode == "half_up":
        return lambda value, _c, _u: (2 * abs(value) * scale + over) // (2 * over) * (1 if value >= 0 else -1)
    if mode == "up":
        return lambda value, _c, _u: -(-abs(value) * scale // over) * (1 if value >= 0 else -1)
    return lambda value, _c, _u: abs(value) * scale // over * (1 if value >= 0 else -1)


def _asks_tier(line: EarnLine, tables: Mapping[str, Table]) -> bool:
    figures = [getattr(step, step.verb) for step in line.steps]
    lookups = [figure for figure in figures if isinstance(figure, Lookup)]
    by_tier = any(look.tier is not None for look in lookups)
    by_table = any("tier" in tables[look.table].by for look in lookups if look.table and look.table in tables)
    return by_tier or by_table or names_tier(line.when)


def names_tier(condition: Any) -> bool:
    """Whether a condition asks for the tier anywhere."""
    if isinstance(condition, list):
        return any(names_tier(item) for item in condition)
    if not isinstance(condition, dict):
        return False
    return "tier" in condition or any(names_tier(condition[key]) for key in ("all", "any", "not") if key in condition)


def steps_said(line: CompiledLine, case: Case, used: int) -> list[tuple[str, str, Decimal]]:
    """Every step of a judgement: its verb, the figure or field it used, and the exact value after it."""
    said = []
    value = 0
    for step in line.steps:
        value = step.apply(value, case, used)
        figure = format(step.figure.value(case).normalize(), "f") if step.figure else step.said
        with localcontext(prec=len(str(value)) + step.over.bit_length()):  # as many digits as the fraction has
            said.append((step.verb, figure, Decimal(value) / step.over))
    return said


def looked_up(line: CompiledLine, case: Case) -> list[tuple[tuple[str, Any], ...]]:
    """For every step what its figure was looked up by, and the value of that; nothing for a plain one."""
    return [
        tuple((subject.name, subject.spelt(case)) for subject in step.figure.by) if step.figure else () for step in line.steps
    ]
