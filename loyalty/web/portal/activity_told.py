"""A member's records as plain values for pages and statements, in the member's language."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from loyalty.earning.queries import Explained, explained
from loyalty.earning.records import Record, causes_of
from loyalty.earning.rules import Said
from loyalty.earning.tables import Activity
from loyalty.i18n import Language, _
from loyalty.ledger.tables import Adjustment
from loyalty.members.tables import Member
from loyalty.program.labels import field_labels
from loyalty.program.load import Edition, Program
from loyalty.status.words import unit_of
from loyalty.web.portal.labels import YES, value_of

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
#: The columns of the file of all entries.
COLUMNS = (
    _("Posted"), _("Counts for"), _("What"), _("Details"), _("For"), _("Unit"), _("Amount"), _("Taken back"), _("How"),
    _("Reason"),
)  # fmt: skip


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
            "brief": self.brief(record.activity),
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
        return self.values(activity.kind, activity.edition, json.loads(activity.fields))

    def brief(self, activity: Activity | None) -> list[str]:
        """An activity in a line: the values of its fields; of what is the case, its name. Nothing of what is no activity."""
        yes = self.language.say(YES)
        return [name if value == yes else value for name, value in (self.fields(activity) if activity is not None else ())]

    def values(self, kind: str, day: date, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The fields of an activity of a kind as the rules of a day name them."""
        edition = self._edition(day)
        known = edition.activities.activities[kind].fields if edition and kind in edition.activities.activities else {}
        currency, labels = self.program.file.money, field_labels(known, self.language)
        for name, about in known.items():
            if name in given and not (about.type == "flag" and given[name] in (False, "false")):
                yield labels[name].name, value_of(about, given[name], self.language, currency)

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
            figure = field_labels(known, self.language)[figure].name
        elif said.verb == "cap":
            figure, _per, per = figure.partition(" per ")
            per = self.language.say(PER.get(per, ""))
        if said.verb not in ("field", "round"):
            figure = self.language.number(Decimal(figure))
        return self.language.say(STEPS[said.verb], figure=figure, per=per)

    def csv_head(self) -> list[str]:
        """The names of the columns of the file of all entries."""
        return [self.language.say(text) for text in COLUMNS]

    def _edition(self, day: date) -> Edition | None:
        return self.program.edition_on(day)


def _given(edition: Edition) -> list[Any]:
    """What gives entries beside activity, by name."""
    return [*edition.ladder.milestones, *edition.benefits.choices]


def _account(entry: Explained) -> str:
    """What an entry was booked against: explanations name it as their source."""
    return "opening" if entry.kind == "opening" else entry.source


def csv_rows(session: Session, teller: Teller, member: Member, rows: Sequence[Any]) -> list[list[str]]:
    """Entries as lines of a file, in the order of COLUMNS; amounts with a point and nothing else."""
    told = explained(session, teller.program, member, rows)
    activities, adjusted = causes_of(session, member.member_id, [row.cause_id for row in rows])
    return [_csv_row(teller, row, entry, activities, adjusted) for row, entry in zip(rows, told, strict=True)]


def _csv_row(
    teller: Teller, row: Any, entry: Explained, activities: Mapping[int, Activity], adjusted: Mapping[int, Adjustment]
) -> list[str]:
    activity, adjustment = activities.get(row.cause_id), adjusted.get(row.cause_id)
    record = Record(row.on, row.cause_id, activity, None, adjustment, (entry,))
    line = teller.line(entry, activity)
    fields = "; ".join(f"{name}: {value}" for name, value in (teller.fields(activity) if activity is not None else ()))
    steps = "; ".join(f"{step} = {format(value.normalize(), 'f')}" for step, value in line["steps"])
    cells = [teller.title(record), fields, line["name"], line["unit"]]
    back = teller.language.say(YES) if line["undoes"] else ""
    reason = adjustment.reason if adjustment is not None else ""
    texts = [*map(guarded, cells), entry.amount, back, guarded(steps), guarded(reason)]
    return [row.posted_on.isoformat(), row.on.isoformat(), *texts]


def guarded(text: str) -> str:
    """A text that a spreadsheet takes for a text: what would begin a formula is quoted."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
