"""A member's records as plain values for pages and statements, in the member's language."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from loyalty.earning.queries import Explained
from loyalty.earning.records import Record
from loyalty.earning.rules import Said
from loyalty.earning.tables import Activity
from loyalty.i18n import Language, _
from loyalty.program.load import Edition, Program
from loyalty.status.words import unit_of
from loyalty.web.portal.labels import label_of, value_of

#: What a step of an earn line did, by its verb.
STEPS = {
    "field": _("{figure}"),
    "amount": _("a fixed amount"),
    "minimum": _("at least {figure}"),
    "maximum": _("at most {figure}"),
    "rate": _("times {figure}"),
    "percent": _("{figure}% of it"),
    "bonus": _("plus {figure}%"),
    "round": _("rounded"),
    "cap": _("no more than is left of {figure} {per}"),
}
#: The spans of caps.
PER = {
    "lifetime": _("in all"),
    "calendar_year": _("in a calendar year"),
    "calendar_month": _("in a calendar month"),
}
#: What records are that are no activity, by the account or kind of their entries.
OTHER = {
    "adjustment": _("Adjustment"),
    "opening": _("Opening balance"),
    "milestone": _("Milestone"),
    "deposit": _("Credit at the change of a period"),
    "choice": _("Choice"),
}
GIVEN = _("Credit")


@dataclass(frozen=True)
class Teller:
    """Tells records of a program in a language."""

    program: Program
    language: Language

    def record(self, record: Record) -> dict[str, Any]:
        """A record: what it was, its fields, what it brought of each unit, and every entry with its reason."""
        reversal = record.reversal
        return {
            "on": record.on, "id": f"{record.on.isoformat()}.{record.cause_id}", "title": self.title(record),
            "fields": list(self.fields(record.activity)) if record.activity is not None else [],
            "sums": self.sums(record), "lines": [self.line(entry, record.activity) for entry in record.entries],
            "reason": record.adjustment.reason if record.adjustment is not None else "",
            "undone": None if reversal is None else
            {"at": reversal.posted_at, "reason": reversal.reason, "corrected": reversal.corrected},
        }  # fmt: skip

    def title(self, record: Record) -> str:
        """What it was."""
        if record.activity is not None:
            return self.kind(record.activity.kind, self._edition(record.activity.edition))
        first = record.entries[0] if record.entries else None
        return self.language.say(OTHER.get(_account(first), GIVEN)) if first is not None else ""

    def kind(self, name: str, edition: Edition | None = None) -> str:
        """The name of a kind of activity."""
        for known in [*([edition] if edition else []), *reversed(self.program.editions)]:
            if name in known.activities.activities:
                return self.language.own(known.activities.activities[name].name)
        return name

    def fields(self, activity: Activity) -> Iterator[tuple[str, str]]:
        """The fields of an activity: what each is called, and its value. What is not the case is left out."""
        edition = self._edition(activity.edition)
        known = edition.activities.activities[activity.kind].fields if edition else {}
        currency = self.program.file.money
        given: Mapping[str, Any] = json.loads(activity.fields)
        for name, about in known.items():
            if name in given and not (about.type == "flag" and given[name] in (False, "false")):
                yield label_of(name, about, self.language), value_of(about, given[name], self.language, currency)

    def sums(self, record: Record) -> list[tuple[str, Decimal]]:
        """What it brought of each unit, less what was undone, in the order of the edition; nothing is told too."""
        found: dict[str, Decimal] = {}
        for entry in record.entries:
            found[entry.unit] = found.get(entry.unit, Decimal(0)) + Decimal(entry.amount)
        return [(self.unit(unit), amount) for unit, amount in found.items()]

    def unit(self, name: str) -> str:
        """A unit's name."""
        unit = unit_of(self.program, name)
        return self.language.own(unit.name) if unit is not None else name

    def line(self, entry: Explained, activity: Activity | None) -> dict[str, Any]:
        """One entry: for what, how much of which unit, known from when, and how it came about."""
        return {
            "name": self._line_name(entry, activity), "unit": self.unit(entry.unit), "amount": Decimal(entry.amount),
            "posted_on": entry.posted_on, "undoes": entry.kind == "reversal",
            "steps": [(self.step(step, activity), step.value) for step in entry.steps],
        }  # fmt: skip

    def _line_name(self, entry: Explained, activity: Activity | None) -> str:
        """What an entry was for: its earn line, its milestone or its choice."""
        edition = self._edition(activity.edition if activity is not None else entry.on)
        if activity is None and _account(entry) in ("adjustment", "opening"):
            return self.language.say(OTHER[_account(entry)])
        name = entry.key if activity is None else entry.line
        known = [edition] if edition else []
        lines = [line for one in known for line in (one.earning.lines if activity else _given(one)) if line.id == name]
        return self.language.own(lines[0].name) if lines and lines[0].name else (name or "").replace("_", " ")

    def step(self, said: Said, activity: Activity | None) -> str:
        """What a step did."""
        figure, per = said.figure, ""
        if said.verb == "field":
            edition = self._edition(activity.edition) if activity is not None else None
            known = edition.activities.activities[activity.kind].fields if edition and activity is not None else {}
            figure = label_of(figure, known[figure], self.language) if figure in known else figure.replace("_", " ")
        elif said.verb == "cap":
            figure, _per, per = figure.partition(" per ")
            per = self.language.say(PER.get(per, ""))
        if said.verb not in ("field", "round"):
            figure = self.language.number(Decimal(figure))
        return self.language.say(STEPS[said.verb], figure=figure, per=per)

    def _edition(self, day: date) -> Edition | None:
        return self.program.edition_on(day)


def _given(edition: Edition) -> list[Any]:
    """What gives entries beside activity, by name."""
    return [*edition.ladder.milestones, *edition.benefits.choices]


def _account(entry: Explained | None) -> str:
    """What an entry was booked against: explanations name it as their source."""
    return entry.source if entry is not None else ""
