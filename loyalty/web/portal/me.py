"""The member's own file: what is known of them, and what they may change of it."""

import json
import re
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from loyalty.care.files import file_of
from loyalty.care.filing import change_fields
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.members.household import households_of
from loyalty.members.operations import change, change_attributes
from loyalty.members.tables import Member
from loyalty.program.labels import field_labels
from loyalty.program.models import Attribute
from loyalty.settle import settle
from loyalty.web.portal.labels import facts_told, inputs_of
from loyalty.web.portal.wallet import offered
from loyalty.web.site import Site, back, form, here

pages = Blueprint("me", __name__)

#: What a telephone number is written with.
PHONE = re.compile(r"\+?[0-9 ()./-]{3,40}")
#: A day as a form sends it; in this form the later one is the greater text.
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@pages.get("/me")
def me() -> str:
    site = here()
    member = site.reading.get_one(Member, site.viewer.member_id)
    homes = households_of(site.reading, member.member_id)
    return render_template(
        "me.html", member=member, attributes=_known(site, member), homes=homes, wallet=offered(site),
        shares=site.program.file.members.household > 1, **_filed(site, member),
    )  # fmt: skip


def _filed(site: Site, member: Member) -> dict[str, Any]:
    """The member's own part of the customer file: its facts, and who looks after them where the program tells that."""
    kept = file_of(site.reading, member.member_id)
    known, manager = site.program.file.customer_file, kept.manager
    shown = known.show_manager and manager is not None and manager.active
    return {"facts": facts_told(known.fields, kept.fields, site.language), "manager": manager if shown else None}


def _known(site: Site, member: Member) -> list[tuple[str, str]]:
    """The attributes that are known of a member, in words."""
    return facts_told(site.program.file.members.attributes, json.loads(member.attributes), site.language)


def _own(site: Site) -> dict[str, Attribute]:
    """The attributes that are the member's own to say: those that may be stated, and the time zone of mail."""
    zone = site.edition.messages.zone
    known = site.program.file.members.attributes
    return {name: about for name, about in known.items() if about.stated or name == zone}


def _stated(site: Site) -> dict[str, Attribute]:
    """The facts of the customer file that are the member's own to say; their names are no attribute's."""
    return {name: about for name, about in site.program.file.customer_file.fields.items() if about.stated}


@pages.get("/me/profile")
def profile() -> str:
    site = here()
    member = site.reading.get_one(Member, site.viewer.member_id)
    given = {"name": member.name, "phone": member.phone, "language": site.language.code}
    values = {**json.loads(member.attributes), **file_of(site.reading, member.member_id).fields}
    return _profile(site, {**given, **{f"a-{name}": _written(value) for name, value in values.items()}}, {})


def _written(value: Any) -> str:
    """A value as a field of a form has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _profile(site: Site, given: dict[str, Any], wrong: dict[str, str]) -> str:
    own = {**_own(site), **_stated(site)}
    inputs = inputs_of(own, field_labels(own, site.language), site.language)
    return render_template("profile.html", given=given, wrong=wrong, inputs=inputs, zone=site.edition.messages.zone)


@pages.post("/me/profile")
def profile_sent() -> Response | tuple[str, int]:
    """Change what is the member's own to say; what was typed is shown again where it is refused."""
    site = here()
    own = {**_own(site), **_stated(site)}
    given = {name: form(name, 200) for name in ("name", "phone", "language", *(f"a-{one}" for one in own))}
    wrong = _wrong(site, given)
    if wrong:
        return _profile(site, given, wrong), 422
    try:
        _change(site, given)
    except Refused as refusal:
        named = f"a-{refusal.fields.get('field', '')}"
        return _profile(site, given, {named: refusal_told(refusal, site.language)}), 422
    return back("me.me", site.language.say(_("Your file is up to date.")))


def _wrong(site: Site, given: dict[str, str]) -> dict[str, str]:
    """What cannot be so, by field."""
    say, found = site.language.say, {}
    if not given["name"] or not given["name"].isprintable():
        found["name"] = say(_("Please write your name."))
    if given["phone"] and not PHONE.fullmatch(given["phone"]):
        found["phone"] = say(_("Please write a telephone number with its country, such as +1 312 555 0100."))
    zone = f"a-{site.edition.messages.zone}"
    if given.get(zone) and given[zone] not in available_timezones():
        found[zone] = say(_("There is no such time zone. Please write it like Asia/Taipei."))
    for name, about in {**_own(site), **_stated(site)}.items():
        if about.type == "day" and DAY.fullmatch(given[f"a-{name}"]) and given[f"a-{name}"] > site.today.isoformat():
            found[f"a-{name}"] = say(_("This day is still to come."))
    return found


def _change(site: Site, given: dict[str, str]) -> None:
    language = given["language"] if given["language"] in site.program.file.languages else site.language.code
    with site.writing() as session:
        account = site.locked(session)
        change(session, account.member_id, site.now, name=given["name"], phone=given["phone"], language=language)
        stated = {name: given[f"a-{name}"] for name in _stated(site)}
        change_fields(session, site.program.file.customer_file, account.member_id, stated)
        own = {name: given[f"a-{name}"] for name in _own(site)}
        if change_attributes(session, site.program, account.member_id, own, site.today):
            fresh = site.locked(session)
            fresh.due(site.today)
            settle(session, site.program, [fresh], site.now)
