"""Acts for many as pages show them: who was chosen, what is the same for all, what it comes to, what was refused."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from loyalty.access.staff_tables import Staff
from loyalty.desk.bulk_rows import TRIED, Progress, progress, refused_rows
from loyalty.desk.tables import Bulk, BulkRow
from loyalty.errors import CATALOGUE, Refused, refusal_told
from loyalty.i18n import _
from loyalty.program.labels import field_labels
from loyalty.status.words import tier_name
from loyalty.web.portal.labels import value_of
from loyalty.web.site import Site
from loyalty.web.staff.effect import PARTS, value_named
from loyalty.web.staff.fields import label_of
from loyalty.web.staff.member_told import act_told, counts_told

#: What the states are called.
STATES = {"draft": _("draft"), "waiting": _("waiting for approval"), "approved": _("running"), "refused": _("refused"),
          "dropped": _("dropped")}  # fmt: skip


def member_choices(site: Site) -> dict[str, Any]:
    """What may be chosen of a segment: tiers, and attributes with what each of them may be."""
    known, language = site.program.file.members.attributes, site.language
    labels = field_labels(known, language)
    return {
        "tiers": {tier: tier_name(site.program, tier, language.code) for tier in site.program.tiers},
        "attributes": {"": "–", **{name: one.name for name, one in labels.items()}},
    }  # fmt: skip


def listed(site: Site, rows: Sequence[Bulk], far: Mapping[int, Progress]) -> list[dict[str, Any]]:
    """Bulks in a list."""
    query = select(Staff.staff_id, Staff.name).where(Staff.staff_id.in_({row.asked_by for row in rows}))
    names = {staff.staff_id: staff.name for staff in site.reading.execute(query)}
    return [
        {"number": row.bulk_id, "label": act_told(site, row.act), "rows": row.rows, "reason": row.reason,
         "asked_by": names[row.asked_by], "asked_at": row.asked_at, **_far(site, row, far[row.bulk_id])}
        for row in rows
    ]  # fmt: skip


def _far(site: Site, row: Bulk, far: Progress) -> dict[str, Any]:
    """How far a bulk is: its state in words, rows that were gone through, whether there are more, and how each came out."""
    trying, running = row.state in TRIED and row.tried_at is None, row.state == "approved" and far.rows["todo"] > 0
    counts = far.rows if row.state == "approved" else far.tried
    gone = row.rows - counts.get("todo", 0) - counts.get("", 0)
    state = _("being tried") if trying and row.state == "draft" else STATES[row.state]
    if row.state == "approved" and not running:
        state = _("done")
    return {"state": site.language.say(state), "busy": trying or running, "gone": gone,
            "percent": 100 * gone // max(row.rows, 1), "counts": counts, "approved": row.state == "approved"}  # fmt: skip


def bulk_told(site: Site, row: Bulk) -> dict[str, Any]:
    """A bulk with all that is known of it."""
    (told,) = listed(site, [row], progress(site.reading, [row.bulk_id]))
    chosen = json.loads(row.chosen)
    shared = [(label_of(site, row.act, name), value) for name, value in json.loads(row.shared).items()]
    return {**told, "file": chosen.get("file", ""), "segment": list(_segment(site, chosen.get("segment", {}))),
            "shared": shared, "largest": row.largest, "counts_of": counts_told(site, row.act), "tried_at": row.tried_at,
            "effect": None if row.tried_at is None else list(_effect(site, json.loads(row.effect)))}  # fmt: skip


def _segment(site: Site, said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The conditions of a segment in words."""
    language = site.language
    if "tiers" in said:
        yield language.say(_("Tier")), language.listed([tier_name(site.program, one, language.code) for one in said["tiers"]])
    if "attribute" in said:
        known, name = site.program.file.members.attributes, said["attribute"]
        label = field_labels(known, language)[name].name if name in known else name
        value = said["value"] and (value_of(known[name], said["value"], language) if name in known else said["value"])
        yield label, value or language.say(_("not set"))
    for name, words in (("enrolled_from", _("Enrolled from")), ("enrolled_through", _("Enrolled through"))):
        if name in said:
            yield language.say(words), language.day(date.fromisoformat(said[name]))


def _effect(site: Site, effect: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What all rows come to: members who move from a tier to another, what is summed, what changes otherwise."""
    part = site.language.say(PARTS["status"])
    for old, new, rows in effect["moves"]:
        names = [tier_name(site.program, one, site.language.code) if one else "–" for one in (old, new)]
        yield {"part": part, "what": " → ".join(names), "rows": rows, "total": None}
    for name, what, rows, total in effect["parts"]:
        yield {"part": site.language.say(PARTS.get(name, name)), "what": value_named(site, name, what) if what else "",
               "rows": rows, "total": None if total is None else Decimal(total)}  # fmt: skip


def refusals_told(site: Site, row: Bulk, after: int, limit: int) -> list[dict[str, Any]]:
    """The rows that were refused after a line: line, number, field, what is allowed, the sentence."""
    return [
        {"line": one.line, "number": one.number, **_refusal(site, one)}
        for one in refused_rows(site.reading, row, after, limit)
    ]  # fmt: skip


def _refusal(site: Site, row: BulkRow) -> dict[str, str]:
    """In the language of who reads; what was refused in words that there are no more stays as it was told."""
    told = json.loads(row.told) if row.told else {}
    fields = told.get("fields", {})
    known = told.get("code") in CATALOGUE
    said = refusal_told(Refused(told["code"], **fields), site.language) if known else row.error
    return {"field": fields.get("field", ""), "allowed": fields.get("allowed", ""), "why": said}
