"""The customer file as pages of staff show it, as plain values."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from loyalty.care.completeness import Completeness, completeness, due_on
from loyalty.care.files import Filed, competitors_of, contacts_of, file_of
from loyalty.care.queries import Told
from loyalty.clock import day_of
from loyalty.i18n import Language, _
from loyalty.members.household import Households
from loyalty.members.tables import Member
from loyalty.program.customer_file import BESIDE, PROFILE, fields_in
from loyalty.program.labels import field_labels
from loyalty.program.load import Program
from loyalty.status.queries import Account
from loyalty.status.words import tier_name
from loyalty.web.portal.labels import facts_told
from loyalty.web.site import Site

#: What is called so in every program.
NAMED = {
    "name": _("name"), "email": _("e-mail address"), "phone": _("phone"), "language": _("language"),
    "household": _("household"), "contacts": _("key contacts"), "competitors": _("competitor information"),
}  # fmt: skip


@dataclass(frozen=True)
class Reviewed:
    """A file in the list of those to review: `due` is from when, none where no rule asks; `percent` how complete it is."""

    number: str
    name: str
    tier: str
    manager: str
    reviewed_at: datetime | None
    reviewed_by: str
    due: date | None
    percent: int | None
    missing: list[str]


def file_told(site: Site, account: Account, person: Member, household: Households) -> dict[str, Any]:
    """All of a member's file, in as many statements whatever there is."""
    session, mine, known = site.reading, person.member_id, site.program.file.customer_file
    filed, contacts, competitors = file_of(session, mine), contacts_of(session, mine), competitors_of(session, mine)
    mates = household.mates
    beside = {"household": bool(mates), "contacts": bool(contacts),
              "competitors": bool(competitors)}  # fmt: skip
    managed = filed.manager is not None and filed.manager.active
    reviewed_on = day_of(filed.reviewed_at, site.program.zone) if filed.reviewed_at else None
    due = due_on(known.review, account.tier, managed, reviewed_on, site.today)
    return {
        **_facts(site, filed), **completeness_told(site, completeness(known, there(person, filed.fields, beside))),
        "attributes": facts_told(site.program.file.members.attributes, json.loads(person.attributes), site.language),
        "household": [one.name or one.number for one in mates], "manager": filed.manager,
        "managed": managed, "reviewed_at": filed.reviewed_at, "reviewed_by": filed.reviewed_by,
        "due": due, "is_due": due is not None and due <= site.today, "contacts": contacts, "competitors": competitors,
    }  # fmt: skip


def case_told(site: Site, case: Told) -> dict[str, Any]:
    """A case with what it asks for in words, what was said last, and what the form to post the activity begins with."""
    kinds, about = site.edition.activities.activities, case.fields
    kind = kinds.get(about["kind"])
    name = site.language.own(kind.name) if kind else about["kind"].replace("_", " ")
    on = date.fromisoformat(about["on"])
    labels = field_labels(kind.fields, site.language) if kind else {}
    known = {one: about["fields"][one] for one in (*labels, *about["fields"]) if about["fields"].get(one)}
    facts = [(labels[one].name if one in labels else one.replace("_", " "), value) for one, value in known.items()]
    post = {"kind": about["kind"], "on": about["on"], **{f"fields.{one}": value for one, value in about["fields"].items()}}
    return {
        **vars(case), "title": f"{name}, {site.language.day(on)}", "facts": facts, "post": post,
        "last": next((row["text"] for row in reversed(case.log) if row["text"]), ""),
    }  # fmt: skip


def _facts(site: Site, filed: Filed) -> dict[str, list[tuple[str, str]]]:
    file = site.program.file.customer_file
    return {group: facts_told(dict(fields_in(file, group)), filed.fields, site.language) for group in ("basic", "extended")}


def there(person: Any, fields: dict[str, Any], beside: dict[str, bool]) -> set[str]:
    """The facts that are there of a member: of the profile, the attributes, the file, and what stands beside."""
    found = {name for name in PROFILE if getattr(person, name)}
    found |= {name for name, value in {**json.loads(person.attributes), **fields}.items() if value is not None}
    return found | {name for name in BESIDE if beside[name]}


def completeness_told(site: Site, found: Completeness) -> dict[str, Any]:
    """How complete a file is, with what is missing in words."""
    return {"percent": found.percent, "missing": [fact_named(site.program, name, site.language) for name in found.missing]}


def fact_named(program: Program, name: str, language: Language) -> str:
    """What a fact with a weight is called."""
    if name in NAMED:
        return language.say(NAMED[name])
    known = {**program.file.members.attributes, **program.file.customer_file.fields}
    return field_labels({name: known[name]}, language)[name].name


def review_told(site: Site, row: Row[Any]) -> Reviewed:
    """A row of `reviews`."""
    program, known = site.program, site.program.file.customer_file
    beside = {name: bool(getattr(row, name)) for name in BESIDE}
    found = completeness(known, there(row, json.loads(row.fields or "{}"), beside))
    reviewed_on = day_of(row.reviewed_at, program.zone) if row.reviewed_at else None
    due = due_on(known.review, row.tier, row.manager_id is not None, reviewed_on, site.today)
    tier = tier_name(program, row.tier, site.language.code) if row.tier else ""
    missing = [fact_named(program, name, site.language) for name in found.missing]
    return Reviewed(row.number, row.name, tier, row.manager or "", row.reviewed_at, row.reviewed_by or "", due, found.percent,
                    missing)  # fmt: skip
