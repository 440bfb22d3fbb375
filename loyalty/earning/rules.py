"""Activity judged into amounts: fields read, lines applied, every step sayable. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from loyalty.errors import Refused
from loyalty.i18n import Named, Text, _
from loyalty.keys import dumps
from loyalty.members.rules import ALLOWED
from loyalty.program.load import Edition
from loyalty.program.models import ActivityField, Attribute, Cap
from loyalty.program.problems import listed, nearest
from loyalty.program.scope import Case, Scope, Subject
from loyalty.program.steps import CompiledKind, CompiledLine, looked_up, steps_said


@dataclass(frozen=True)
class Reading:
    """The fields of an activity read: values in the order of the kind's fields, and the JSON that is kept."""

    values: tuple[Any, ...]
    kept: str


#: Turns what was reported of a field into the value that rules see. Raises ValueError.
Typed = Callable[[Any], Any]
Readers = Mapping[str, tuple[ActivityField, Subject, Typed]]


def read_fields(edition: Edition, kind: CompiledKind, given: Mapping[str, Any]) -> Reading:
    """The given fields by the kind's types. Text of a file and typed JSON read alike: "500" is 500, "true" is true.

    Raises Refused: `unknown_field`, `missing_field`, `bad_field`, each with what is allowed.
    """
    return read_with(_readers(edition, kind.name), given)


def read_some(edition: Edition, kind: CompiledKind, given: Mapping[str, Any]) -> Reading:
    """The same of what somebody remembers: fields may be missing. Raises Refused: `unknown_field`, `bad_field`."""
    readers = _readers(edition, kind.name)
    if not given.keys() <= readers.keys():
        return read_with(readers, given)
    told = {name: value for name, value in given.items() if value not in (None, "")}
    return read_with({name: readers[name] for name in readers if name in told}, told)


def read_with(readers: Readers, given: Mapping[str, Any]) -> Reading:
    """The same by the readers of any fields."""
    if not given.keys() <= readers.keys():
        name = next(name for name in given if name not in readers)
        raise Refused("unknown_field", field=name, allowed=listed(readers), nearest=nearest(name, readers))
    values: list[Any] = []
    kept = {}
    for name, (about, subject, typed) in readers.items():
        found = given.get(name)
        if found is None or found == "":
            if not about.optional:
                raise Refused("missing_field", field=Named(name, about.name), allowed=_allowed(about, subject))
            values.append(None)
            continue
        try:
            values.append(typed(found))
        except ValueError:
            raise _bad_field(name, about, subject, found) from None
        kept[name] = found
    return Reading(tuple(values), dumps(kept))


@lru_cache(maxsize=256)
def _readers(edition: Edition, kind: str) -> Readers:
    return readers_of(edition.activities.activities[kind].fields, edition.kinds[kind].scope)


def readers_of(fields: Mapping[str, ActivityField], scope: Scope) -> Readers:
    """How the values of some fields are read; `scope` has a subject for each."""
    return {name: (about, scope[name], _typed(about, scope[name])) for name, about in fields.items()}


def _typed(about: ActivityField, subject: Subject) -> Typed:
    if about.type == "text":
        return _text(frozenset(about.one_of) if about.one_of is not None else None)
    if subject.numeric:
        return _number(subject, (about.at_least or 0) * 10**subject.decimals if about.at_least is not None else -(10**15))
    return _flag if about.type == "flag" else lambda found: date.fromisoformat(found).isoformat()


def _text(one_of: frozenset[str] | None) -> Typed:
    def typed(found: Any) -> str:
        if not isinstance(found, str) or (one_of is not None and found not in one_of):
            raise ValueError
        return found

    return typed


def _number(subject: Subject, least: int) -> Typed:
    whole = subject.decimals == 0

    def typed(found: Any) -> int:
        # most files hold plain digits: read without a Decimal
        value = int(found) if whole and isinstance(found, str) and found.isdecimal() else subject.literal(found)
        if not least <= value < 10**15:
            raise ValueError
        return value

    return typed


def _flag(found: Any) -> bool:
    if found not in (True, False, "true", "false"):
        raise ValueError
    return found in (True, "true")


def _bad_field(name: str, about: ActivityField, subject: Subject, found: Any) -> Refused:
    hint = nearest(found, about.one_of or ())
    return Refused(
        "bad_field", field=Named(name, about.name), found=repr(found), allowed=_allowed(about, subject), nearest=hint
    )


def _allowed(about: ActivityField, subject: Subject) -> str:
    if about.one_of:
        return listed([Named(value, about.names[value]) if value in about.names else value for value in about.one_of])
    decimals = Text(_("a number with at most {decimals} decimals"), decimals=subject.decimals)
    word = ALLOWED.get(about.type, decimals)
    return word if about.at_least is None else Text(_("{allowed} from {least}"), allowed=word, least=about.at_least)


class Earned(NamedTuple):
    """What one line gave; `used` is what its cap's window held before, none for a line without cap."""

    line: CompiledLine
    amount: int
    used: int | None


#: (line, window) -> what the line has given in that window, for one member.
Used = dict[tuple[str, int], int]


def judge(kind: CompiledKind, case: Case, on: date, used: Used) -> list[Earned]:
    """Apply an edition's lines to one activity. `used` is brought up to date for capped lines. Zero amounts are left out."""
    if not kind.earns(case):
        return []
    earned = []
    for line in kind.lines:
        if line.first <= on <= line.last and line.test(case):
            before = used.get((line.id, cap_window(line.cap, on)), 0) if line.cap else None
            amount = line.amount(case, before or 0)
            if amount:
                earned.append(Earned(line, amount, before))
                if line.cap:
                    used[(line.id, cap_window(line.cap, on))] = (before or 0) + amount
    return earned


def cap_window(cap: Cap, on: date) -> int:
    """The window of a cap that a day falls in, as a number."""
    if cap.per == "lifetime":
        return 0
    return on.year if cap.per == "calendar_year" else on.year * 12 + on.month


class Said(NamedTuple):
    """One explained step: its verb, the figure or field it used, the value after it, and what the figure was looked up by."""

    verb: str
    figure: str
    value: Decimal
    by: tuple[tuple[str, Any], ...] = ()


def explain(edition: Edition, kind: CompiledKind, line_id: str, case: Case, used: int) -> list[Said]:
    """The steps by which a line gave its amount. Judging the same case again, they are the very steps that were taken."""
    line = next(line for line in kind.lines if line.id == line_id)
    names = _Names(edition, kind.name)
    return [
        Said(verb, names.field(figure) if verb == "field" else figure, value, tuple(map(names.pair, by)))
        for (verb, figure, value), by in zip(steps_said(line, case, used), looked_up(line, case), strict=True)
    ]


@dataclass(frozen=True)
class _Names:
    """What the fields of an activity, their values and tiers are called."""

    edition: Edition
    kind: str

    def about(self, name: str) -> ActivityField | Attribute:
        """A field of the activity, or an attribute of the member."""
        if name.startswith("member."):
            return self.edition.head.members.attributes[name.removeprefix("member.")]
        return self.edition.activities.activities[self.kind].fields[name]

    def field(self, name: str) -> str:
        return Text(_("tier")) if name == "tier" else Named(name.removeprefix("member."), self.about(name).name)

    def pair(self, given: tuple[str, Any]) -> tuple[str, Any]:
        name, value = given
        if not isinstance(value, str):
            return self.field(name), value
        if name == "tier":
            texts = next((tier.name for tier in self.edition.ladder.tiers if tier.id == value), None)
            return self.field(name), Named(value, texts)
        texts = self.about(name).names.get(value)
        return self.field(name), Named(value, texts) if texts else value


def kept_values(edition: Edition, kind: CompiledKind, kept: str) -> tuple[Any, ...]:
    """The field values of a stored activity."""
    return read_fields(edition, kind, json.loads(kept)).values
