"""A member's records as plain values for pages and statements, in the member's language."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from loyalty.earning.queries import Explained, explained, step_told, steps_in_words
from loyalty.earning.records import Record, causes_of
from loyalty.earning.rules import Said
from loyalty.earning.tables import Activity
from loyalty.i18n import Language, _
from loyalty.members.tables import Member
from loyalty.program.labels import field_labels
from loyalty.program.load import Edition, Program
from loyalty.sheets import guarded
from loyalty.status.words import unit_of
from loyalty.web.portal.labels import YES, value_of

#: What records are that are no activity and have no name of their own, by the account or kind of their entries.
OTHER = {
    "adjustment": _("Adjustment"),
    "opening": _("Opening balance"),
    "deposit": _("Credit at the change of a period"),
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
            "sums": self.sums(record), "lines": [self.line(entry, self.title(record)) for entry in record.entries],
            "reason": record.adjustment.reason if record.adjustment is not None else "",
            "undone": None if reversal is None else
            {"at": reversal.posted_at, "reason": reversal.reason, "corrected": reversal.corrected},
        }  # fmt: skip

    def title(self, record: Record) -> str:
        """What it was."""
        if record.activity is not None:
            return self.kind(record.activity.kind, self._edition(record.activity.edition))
        first = record.entries[0] if record.entries else None
        if first is None:
            return ""
        kind = first.kind if first.kind == "opening" else first.source
        return self.language.say(OTHER.get(kind, GIVEN)) if kind in OTHER or not first.name else first.name

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

    def line(self, entry: Explained, named: str) -> dict[str, Any]:
        """One entry: for what, how much of which unit, known from when, and how it came about; `named` where it has no name."""
        return {
            "name": entry.name or named, "unit": entry.unit_name, "amount": Decimal(entry.amount),
            "posted_on": entry.posted_on, "undoes": entry.kind == "reversal", "reason": entry.reason,
            "steps": [(self.step(step), step.value) for step in entry.steps],
        }  # fmt: skip

    def step(self, said: Said) -> str:
        """What a step did; of a field its name alone, for its value is told beside it."""
        return self.language.told(said.figure) if said.verb == "field" else step_told(said, self.language)

    def csv_head(self) -> list[str]:
        """The names of the columns of the file of all entries."""
        return [self.language.say(text) for text in COLUMNS]

    def _edition(self, day: date) -> Edition | None:
        return self.program.edition_on(day)


def csv_rows(session: Session, teller: Teller, member: Member, rows: Sequence[Any]) -> list[list[str]]:
    """Entries as lines of a file, in the order of COLUMNS; amounts with a point and nothing else."""
    told = explained(session, teller.program, member, rows, teller.language)
    activities, adjusted = causes_of(session, member.member_id, [row.cause_id for row in rows])
    fields = {cause: "; ".join(f"{n}: {value}" for n, value in teller.fields(one)) for cause, one in activities.items()}
    yes = teller.language.say(YES)
    found = []
    for row, entry in zip(rows, told, strict=True):
        record = Record(row.on, row.cause_id, activities.get(row.cause_id), None, adjusted.get(row.cause_id), (entry,))
        what = teller.title(record)
        texts = (what, fields.get(row.cause_id, ""), entry.name or what, entry.unit_name)
        back = yes if entry.kind == "reversal" else ""
        why = (steps_in_words(entry.steps, teller.language), entry.reason)
        days = (row.posted_on.isoformat(), row.on.isoformat())
        found.append([*days, *map(guarded, texts), entry.amount, back, *map(guarded, why)])
    return found
