"""The fields of an act's form, made from what the act takes: labels, types, and what may be chosen."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, get_args

from flask import request
from pydantic.fields import FieldInfo

from loyalty.access.staff import all_staff, held
from loyalty.benefits.instruments import names as instruments
from loyalty.benefits.told import Benefits, benefits_of
from loyalty.care.files import competitors_of, contacts_of, file_of
from loyalty.care.queries import cases_of
from loyalty.desk.acts import ACTS
from loyalty.desk.inputs import Input, Pairs
from loyalty.i18n import _
from loyalty.members.tables import Member
from loyalty.program.labels import field_labels
from loyalty.status.queries import Account
from loyalty.status.words import tier_name
from loyalty.web.portal.activity import units
from loyalty.web.portal.labels import inputs_of
from loyalty.web.site import Site
from loyalty.web.speaking import named
from loyalty.web.staff.effect import benefits_named

#: A text of a form is no longer than this; the operation says how long it may be.
LONGEST = 10_001
#: Fields whose choices are what a member has.
FILED = ("contact", "competitor", "case")
OWN = ("choice", "milestone", "option", "companion", "instead", "right", *FILED)
#: What words of the engine that may be chosen are called.
WORDS = {
    "granted": _("granted"),
    "invited": _("invited"),
    "matched": _("matched"),
    "gifted": _("gifted"),
    "bought": _("bought"),
    "free": _("free for others"),
    "gone": _("gone with what took it"),
}


@dataclass(frozen=True)
class Field:
    """A field: `type` is text, date, decimal, area; with `options` it is a choice among these."""

    name: str
    label: str
    type: str
    required: bool
    value: str
    options: Mapping[str, str] = field(default_factory=dict)


def sent_fields(shape: type[Input]) -> dict[str, str]:
    """What was sent of the fields of a form: those of the shape, and parts of its pairs."""
    known = shape.model_fields
    return {
        name: value.replace("\0", "").strip()[:LONGEST]
        for name, value in request.form.items()
        if name in known or (name.partition(".")[1] and name.partition(".")[0] in known)
    }


def shared_fields(site: Site, act: str, given: Mapping[str, str]) -> tuple[list[Field], Mapping[str, str]]:
    """The same for many members: none of the fields must be filled in, and what a member has is no choice."""
    found, kinds = fields_of(site, act, None, None, given)
    return [replace(one, required=False, options={"": "–", **one.options} if one.options else {}) for one in found], kinds


def fields_of(
    site: Site, act: str, account: Account | None, person: Member | None, given: Mapping[str, str]
) -> tuple[list[Field], Mapping[str, str]]:  # fmt: skip
    """The fields of an act with what was typed, and the kinds to choose among first, where its fields depend on one."""
    shape = ACTS[act].shape
    kinds = {name: site.language.own(one.name) for name, one in site.edition.activities.activities.items()}
    if "fields" in shape.model_fields and given.get("kind") not in kinds:
        return [], kinds
    choices, kept = _Choices(site, account), {} if account is None else _kept(site, account, act, given)
    found: list[Field] = []
    for name, about in shape.model_fields.items():
        if about.annotation == Pairs:
            found += _pairs(site, name, person, given)
        elif name == "kind" and "fields" in shape.model_fields:  # chosen already: the fields are its own
            kind = given["kind"]
            found.append(Field(name, site.language.say(str(about.title)), "text", True, kind, {kind: kinds[kind]}))
        else:
            found.append(
                _field(site, choices, act, name, about, given.get(name, kept.get(name, _now(act, name, person, about))))
            )
    return found, {}


def _kept(site: Site, account: Account, act: str, given: Mapping[str, str]) -> dict[str, str]:
    """What is known now of what is to be changed: a contact or another program that is named, the account manager."""
    if act == "manager.assign":
        manager = file_of(site.reading, account.member_id).manager
        return {"manager": manager.name if manager else ""}
    if act == "contact.set":
        one: Any = next(
            (one for one in contacts_of(site.reading, account.member_id) if str(one.contact_id) == given.get("contact")), None
        )
        return {name: getattr(one, name) for name in ("name", "relation", "phone", "email", "note")} if one else {}
    if act == "competitor.set":
        wanted = given.get("competitor")
        one = next((one for one in competitors_of(site.reading, account.member_id) if str(one.competitor_id) == wanted), None)
        share = "" if one is None or one.share is None else str(one.share)
        return {"program": one.program, "their_tier": one.tier, "share": share, "known_by": one.source,
                "as_of": one.as_of.isoformat()} if one else {}  # fmt: skip
    return {}


def label_of(site: Site, act: str, name: str) -> str:
    """What the field of an act is called; a part of a field that holds pairs by its name."""
    first, _dot, rest = name.partition(".")
    about = ACTS[act].shape.model_fields[first] if act in ACTS and first in ACTS[act].shape.model_fields else None
    return rest.replace("_", " ") or (name if about is None else site.language.say(str(about.title)))


def _now(act: str, name: str, person: Member | None, about: FieldInfo) -> str:
    """What a field holds before anything is typed: the profile as it is, else the default."""
    if person is None:
        return ""
    if act == "member.change":
        return str(getattr(person, name))
    return "" if about.is_required() or about.default is None else str(about.default)


def _field(site: Site, choices: "_Choices", act: str, name: str, about: FieldInfo, value: str) -> Field:
    options, label = choices.of(act, name, about), site.language.say(str(about.title))
    required = about.is_required()
    if options and not required:
        options = {"": "–", **options}
    if options and value and value not in options:
        options = {**options, value: value}
    return Field(name, label, _type(about), required, value, options)


def _type(about: FieldInfo) -> str:
    kinds = {about.annotation, *get_args(about.annotation)}
    if date in kinds:
        return "date"
    if kinds & {int, Decimal}:
        return "decimal"
    return "area" if any(getattr(one, "max_length", 0) > 1000 for one in about.metadata) else "text"


def _pairs(site: Site, name: str, person: Member | None, given: Mapping[str, str]) -> Iterator[Field]:
    """The parts of a field that holds pairs: the fields of the kind of activity, or what is known of the member as it is."""
    known: dict[str, Any]
    now: Mapping[str, Any] = {}
    if name == "attributes":
        known = dict(site.program.file.members.attributes)
        now = json.loads(person.attributes) if person is not None else {}
    elif name == "facts":
        known = dict(site.program.file.customer_file.fields)
        now = file_of(site.reading, person.member_id).fields if person is not None else {}
    else:
        known = dict(site.edition.activities.activities[given["kind"]].fields)
    for one in inputs_of(known, field_labels(known, site.language), site.language):
        required = name == "fields" and not known[one["name"]].optional
        value = now.get(one["name"], "")
        told = str(value).lower() if isinstance(value, bool) else str(value)
        kind = {"day": "date", "integer": "decimal", "decimal": "decimal", "money": "decimal"}.get(one["type"], "text")
        whole = f"{name}.{one['name']}"
        yield Field(whole, one["label"], kind, required, given.get(whole, told), one["options"])


class _Choices:
    """What may be chosen in a field, by the program and by what the member has; nothing where it is typed."""

    def __init__(self, site: Site, account: Account | None) -> None:
        self.site, self.account = site, account

    @cached_property
    def benefits(self) -> Benefits:
        site = self.site
        assert self.account is not None
        return benefits_of(site.reading, site.program, self.account, site.today, site.language.code)

    def of(self, act: str, name: str, about: FieldInfo) -> dict[str, str]:
        """The choices of a field: value -> words."""
        if self.account is None and name in OWN:
            return {}
        if name in ("choice", "milestone"):
            return self._open(name)
        if name == "option":
            kind = "milestone" if act == "milestone.choose" else "tier"
            return {one.option: one.name for choice in self.benefits.choices if choice.kind == kind for one in choice.options}
        if name in ("companion", "instead"):
            return {one.key: one.name or one.number or one.key for one in self.benefits.companions}
        if name == "right":
            return {str(one.number): self._right(one) for one in self.benefits.rights if one.taken_back is None}
        return self._filed(name) if name in FILED else self._of_program(name, about)

    def _filed(self, name: str) -> dict[str, str]:
        """Contacts and other programs of the file, open cases."""
        assert self.account is not None
        session, mine = self.site.reading, self.account.member_id
        if name == "contact":
            return {str(one.contact_id): one.name for one in contacts_of(session, mine)}
        if name == "competitor":
            return {str(one.competitor_id): one.program for one in competitors_of(session, mine)}
        return {one.key: one.subject for one in cases_of(session, mine) if one.state != "closed"}

    def _managers(self) -> dict[str, str]:
        """Those of the staff who may look after members."""
        roles = self.site.deployment.roles
        working = [one for one in all_staff(self.site.reading) if roles.may(held(one), "file.read") == "yes"]
        return {one.name: one.shown for one in working}

    def _of_program(self, name: str, about: FieldInfo) -> dict[str, str]:
        site = self.site
        known: dict[str, Callable[[], dict[str, str]]] = {
            "unit": lambda: units(site),
            "tier": lambda: {tier: tier_name(site.program, tier, site.language.code) for tier in site.program.tiers},
            "what": self._whats,
            "manager": self._managers,
            "offer": lambda: {one.id: one.id.replace("_", " ") for one in site.edition.ladder.offers},
            "sharing": lambda: {one.id: site.language.own(one.name) for one in site.edition.benefits.sharing},
            "language": lambda: named(site.program.file.languages, site.language),
        }
        if name in known:
            return known[name]()
        literal = get_args(about.annotation)
        chosen = literal if all(isinstance(one, str) for one in literal) else ()
        return {one: site.language.say(WORDS[one]) for one in chosen}

    def _open(self, name: str) -> dict[str, str]:
        kind = "milestone" if name == "milestone" else "tier"
        return {one.choice: one.name for one in self.benefits.choices if one.kind == kind}

    def _whats(self) -> dict[str, str]:
        told = benefits_named(self.site.edition, self.site.language)
        return {name: told.get(name, name.replace("_", " ")) for name in instruments(self.site.program)}

    def _right(self, one: Any) -> str:
        end = self.site.language.day(one.through) if one.through else ""
        return f"{one.name} ({one.left}/{one.quota}{', ' + end if end else ''})"
