"""What the screen of a member shows, as plain values."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask import url_for
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from loyalty.access.acts import ACTS as KNOWN
from loyalty.access.acts import LOGGED
from loyalty.audit.queries import Wanted, found
from loyalty.benefits.queries import companions_of
from loyalty.benefits.tables import BenefitUse
from loyalty.benefits.telling import own_requests
from loyalty.care.queries import cases_of
from loyalty.desk.acts import ACTS
from loyalty.desk.approvals import approvals
from loyalty.desk.tables import Note
from loyalty.earning.latest import Latest, latest_of
from loyalty.i18n import Language, _
from loyalty.ledger.operations import shown
from loyalty.members.freezing import freezes_of
from loyalty.members.household import households_of
from loyalty.members.tables import Member
from loyalty.messages.outbox import listed
from loyalty.status.queries import Account
from loyalty.status.words import unit_of
from loyalty.web.kept import mark_of
from loyalty.web.portal.asked import request_told
from loyalty.web.portal.asking import Names
from loyalty.web.portal.labels import facts_told
from loyalty.web.portal.standing import whole_of
from loyalty.web.portal.status_told import status_told
from loyalty.web.portal.telling import amounts_of, card_of
from loyalty.web.site import Site
from loyalty.web.staff.effect import benefit_named
from loyalty.web.staff.file_told import case_told, file_told
from loyalty.web.staff.guard import may, may_ask, worker
from loyalty.web.staff.messages_told import WHYS, kind_told, state_told

#: So many of each are shown; the rest is on pages of its own, or is long ago.
SHOWN = 15
#: What our own sources of facts are called; any other is told by its name.
SOURCES = {"staff": _("staff"), "portal": _("the member's pages"), "command": _("a command")}
#: So many where all is asked for.
LONGEST = 1000


def member_told(site: Site, account: Account, person: Member, whole: bool) -> dict[str, Any]:
    """All that the screen shows; `whole` with every entitlement and every span of status."""
    program, language, session, mine = site.program, site.language, site.reading, account.member_id
    mark, key = mark_of(session, mine, site.now), ("staff", mine, site.today, language.code, whole)
    told: dict[str, Any] = site.kept.get(key, mark, lambda: _standing(site, account, person, LONGEST if whole else SHOWN))
    freezes, household = freezes_of(session, mine), households_of(session, mine)
    return {
        **told,
        "spans": told["spans"][: LONGEST if whole else SHOWN],
        "number": account.number, "person": person,
        "attributes": facts_told(program.file.members.attributes, json.loads(person.attributes), language),
        "uses": [(one, benefit_named(site, one.what)) for one in _uses(session, mine)],
        "companions": companions_of(session, [mine]).get(mine, []),
        "latest": [_latest(site, one) for one in latest_of(session, mine, SHOWN)],
        "requests": _requests(site, mine),
        "messages": [message_told(site, row) for row in listed(session, None, mine, SHOWN)],
        "household": household,
        "notes": _notes(session, mine), "freezes": freezes, "frozen": next((one for one in freezes if not one.ended_at), None),
        "asked_for": [(row.Approval, row.asked, language.say(KNOWN[row.Approval.act].label))
                      for row in approvals(session, number=account.number)],
        "lines": lines_told(site, found(session, Wanted(member_id=mine), limit=SHOWN), {}) if may("audit.read") else None,
        "cases": [case_told(site, one) for one in cases_of(session, mine, SHOWN)],
        "file": file_told(site, account, person, household) if may("file.read") else None,
        "acts": acts_allowed(site), "allowed": names_allowed(), "acts_at": acts_at(account.number),
        "zone": program.zone.key,
    }  # fmt: skip


def _standing(site: Site, account: Account, person: Member, most: int) -> dict[str, Any]:
    """What is worked out from all that a member ever did: made again when something of that has changed.

    So many entitlements, those of which something is left first, and spans of status, the newest first; `more` are left out.
    """
    program, language = site.program, site.language
    whole = whole_of(site.reading, program, account, site.today, language, most)
    told = status_told(program, whole, language)
    return {
        **told,
        "card": card_of(program, account.number, person.name, whole.status, language),
        "balances": amounts_of(program, whole.status["balances"], language),
        "rights": whole.benefits.rights, "to_pick": whole.benefits.choices,
        "more": whole.benefits.more + max(len(told["spans"]) - most, 0),
    }  # fmt: skip


def acts_allowed(site: Site) -> list[tuple[str, str, str]]:
    """The acts on a member that roles allow: name, label, and whether done (yes) or only asked for (ask)."""
    roles, held = site.deployment.roles, worker().roles
    judged = [(name, site.language.say(act.label), roles.may(held, name)) for name, act in ACTS.items()]
    return [one for one in judged if one[2] != "no"]


def acts_at(number: str) -> str:
    """Below which address the acts on a member are: there are many links to them on a page."""
    return url_for("staff.act", number=number, act="-").removesuffix("-")


def names_allowed() -> frozenset[str]:
    """The names of the acts on a member that roles allow, or let one ask for."""
    return frozenset(name for name in ACTS if may_ask(name))


def lines_told(site: Site, rows: Sequence[Row[Any]], numbers: dict[int, str], full: bool = False) -> list[dict[str, Any]]:
    """Lines of the audit log for a table; `numbers` of members by their id, `full` with all that a line says."""
    return [
        {"n": row.n, "at": row.at, "actor": _actor(site, row), "place": row.place, "label": act_told(site, row.act),
         "reason": row.reason, "number": numbers.get(row.member_id, ""), "what": row.what if full else ""}
        for row in rows
    ]  # fmt: skip


def _actor(site: Site, row: Row[Any]) -> str:
    """Who acted; what no person does by its kind."""
    return site.language.say(_("a command")) if row.kind == row.actor == "command" else str(row.actor)


def act_told(site: Site, act: str) -> str:
    """What an act is called, also one that no role gives, such as asking for one; one of a time to come by its name."""
    return site.language.say(KNOWN[act].label if act in KNOWN else LOGGED[act]) if act in KNOWN or act in LOGGED else act


def counts_told(site: Site, act: str) -> str:
    """What the size of an act counts; nothing where it has none."""
    counts = KNOWN[act].counts if act in KNOWN else ""
    return site.language.say(counts) if counts else ""


def source_told(source: str, language: Language) -> str:
    """Which system a fact is from; those that are ours by what they are called."""
    return language.say(SOURCES.get(source, source))


def acts_told(site: Site) -> dict[str, str]:
    """What the log may be searched for: act -> what it is called, in the order of these."""
    named = {act: act_told(site, act) for act in (*KNOWN, *LOGGED)}
    return dict(sorted(named.items(), key=lambda one: one[1]))


def message_told(site: Site, row: Any) -> dict[str, Any]:
    """A message in a table: its kind, how it stands and why, in words."""
    state, lit = state_told(row.state, site.language)
    error = site.language.say(row.error) if row.error in WHYS else row.error
    return {
        "message_id": row.message_id, "kind": kind_told(row.kind, site.language), "on": row.on, "address": row.address,
        "at": row.sent_at or row.made_at, "state": state, "lit": lit, "error": error,
        "again": row.state not in ("waiting", "sending"),
    }  # fmt: skip


def _uses(session: Session, member_id: int) -> Sequence[BenefitUse]:
    """What was used last."""
    mine = select(BenefitUse).where(BenefitUse.member_id == member_id)
    return session.scalars(mine.order_by(BenefitUse.used_on.desc(), BenefitUse.use_id).limit(SHOWN)).all()


def _notes(session: Session, member_id: int) -> Sequence[Note]:
    return session.scalars(select(Note).where(Note.member_id == member_id).order_by(Note.at.desc()).limit(SHOWN)).all()


def _requests(site: Site, member_id: int) -> list[tuple[Any, str, str]]:
    """The requests for the latest services, each with its source and key."""
    names = Names(site.program, site.edition, site.language)
    rows = own_requests(site.reading, member_id)[-SHOWN:]
    return [(request_told(names, row, site.now), row.source, row.key) for row in reversed(rows)]


def _latest(site: Site, one: Latest) -> dict[str, Any]:
    program, language = site.program, site.language
    kinds = next((edition.activities.activities for edition in reversed(program.editions) if edition.begins <= one.on), {})
    about = kinds.get(one.kind)
    amounts = {unit: shown(amount, unit_of(program, unit).decimals) for unit, amount in one.amounts.items()}
    name = one.kind.replace("_", " ") if about is None else language.own(about.name)
    told: list[tuple[str, Decimal]] = amounts_of(program, amounts, language)
    return {"name": name, "on": one.on, "key": one.key, "source": one.source, "reversed": one.reversed, "amounts": told}
