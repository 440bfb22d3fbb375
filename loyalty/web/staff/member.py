"""The member on one screen, all of their activity, and a message as it was sent."""

from typing import Any

from flask import abort, render_template, request
from sqlalchemy import select

from loyalty.earning.records import Sought, records
from loyalty.members.tables import Member
from loyalty.messages.delivery import portal_of
from loyalty.messages.frozen import thaw
from loyalty.messages.rendering import render
from loyalty.messages.tables import Message
from loyalty.status.queries import Account, account_read
from loyalty.web.guarding import NUMBER
from loyalty.web.portal.activity_told import Teller
from loyalty.web.portal.paging import cause_of, read_place
from loyalty.web.site import here
from loyalty.web.staff.finding import remember
from loyalty.web.staff.guard import needs, pages
from loyalty.web.staff.member_told import member_told, message_told

#: Records of one page of activity.
PAGE = 50


def member_of(number: str) -> tuple[Account, Member]:
    """A member by number, to read. Ends the request with 404 where there is none."""
    account = account_read(here().reading, number.replace("\0", "")) or abort(404)
    return account, here().reading.get_one(Member, account.member_id)


@pages.get("/members/<number>")
@needs("member.read")
def member(number: str) -> str:
    """All that is known of a member: in as many statements whatever there is."""
    account, person = member_of(number)
    remember(account.number)
    return render_template("staff/member.html", asked="", **member_told(here(), account, person, "all" in request.args))


@pages.get("/members/<number>/activity")
@needs("member.read")
def activity(number: str) -> str:
    """All of it, the newest first, a page at a time, each entry with its reason."""
    site = here()
    account, person = member_of(number)
    before = read_place(request.args.get("before", ""), cause_of)
    found = records(site.reading, site.program, person, Sought(before=before), PAGE + 1, site.language)
    teller = Teller(site.program, site.language)
    told = [{**teller.record(one), "key": one.activity.key if one.activity else "",
             "source": one.activity.source if one.activity else ""} for one in found[:PAGE]]  # fmt: skip
    older = told[-1]["id"] if found[PAGE:] else None
    return render_template("staff/activity.html", person=person, number=account.number, records=told, older=older,
                           first=before is None)  # fmt: skip


@pages.get(f"/members/<number>/messages/<{NUMBER}:message>")
@needs("member.read")
def message(number: str, message: int) -> str:
    """A message in the words in which it was sent; the links that only its receiver may follow are left out."""
    account, _person = member_of(number)
    mine = select(Message).where(Message.member_id == account.member_id, Message.message_id == message)
    row = here().reading.scalars(mine).one_or_none() or abort(404)
    return render_template("staff/message.html", number=account.number, row=row, mail=_mail(row),
                           told=message_told(here(), row))  # fmt: skip


def _mail(row: Message) -> Any:
    site = here()
    links = {
        "portal": portal_of(site.program, site.deployment.settings),
        "preferences": "",
        "unsubscribe": None,
        "not_me": None,
    }
    return render(row.kind, {**thaw(row.context), "links": links}, row.locale, site.program.file.brand)
