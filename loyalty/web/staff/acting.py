"""An act on a member: its form, its effect before it is done, and the doing, once for each form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty.audit.chain import LONGEST_KEY, LONGEST_REASON
from loyalty.desk.acts import ACTS
from loyalty.desk.approvals import Asked, not_allowed, submit, verdict
from loyalty.desk.performing import Done, Sent, preview
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.web.failing import STATUS
from loyalty.web.guarding import inside
from loyalty.web.site import form, fresh_key, here, tell
from loyalty.web.staff.effect import preview_told
from loyalty.web.staff.fields import fields_of, sent_fields
from loyalty.web.staff.guard import NAMED, acting, is_stale, needs, pages, worker
from loyalty.web.staff.member import member_of
from loyalty.web.staff.member_told import counts_told
from loyalty.web.staff.signing import WRONG_CODE, is_proved

Page = str | tuple[str, int] | Response


@dataclass(frozen=True)
class Shown:
    """What the page of an act shows beside its fields: what was typed, what is wrong, the effect where it was asked for."""

    given: Mapping[str, str]
    reason: str
    key: str
    wrong: str = ""
    effect: list[dict[str, str]] | None = None
    asks: bool = False


@pages.get("/members/<number>/acts/<act>")
@needs(NAMED)
def act(number: str, act: str) -> Page:
    """The form of an act; who must take the second step anew is led there first."""
    if is_stale(act):
        return redirect(url_for("staff.code", after=request.full_path.rstrip("?")), 303)
    given = {name: value.replace("\0", "")[:200] for name, value in request.args.items()}
    return _page(number, act, Shown(given, "", fresh_key()))


@pages.post("/members/<number>/acts/<act>")
@needs(NAMED)
def act_sent(number: str, act: str) -> Page:
    """Tell the effect, or do it; what was typed is kept where it is refused."""
    given = sent_fields(ACTS[act].shape)
    sent = Sent(act, member_of(number)[0].number, given, form("reason", LONGEST_REASON), form("key", LONGEST_KEY))
    try:
        if is_stale(act):
            prove(act)
        if form("step") == "do":
            return _done(sent)
        return _page(number, act, _previewed(sent, given))
    except Refused as refusal:
        told = refusal_told(refusal, here().language)
        return _page(number, act, Shown(given, sent.reason, sent.key, told)), STATUS.get(refusal.code, 422)


def prove(act: str) -> None:
    """Take the second step by the code that was sent with the form. Raises Refused: `step_up_needed`, `bad_field`."""
    code = form("code", 20)
    if not code:
        raise Refused("step_up_needed")
    if not is_proved(code):
        said = here().language.say(WRONG_CODE)
        raise Refused("bad_field", field="code", found=repr(code), allowed=said, nearest="")


def _previewed(sent: Sent, given: dict[str, str]) -> Shown:
    """The very act, taken back. Raises Refused as the act does."""
    site, who = here(), acting()
    judged = verdict(site.deployment.roles, site.program, who, sent, site.now)
    if judged == "no":
        raise not_allowed(sent.act)
    site.done()
    done = preview(site.deployment.store, site.program, who.actor, sent, site.now)
    return Shown(given, sent.reason, sent.key, effect=preview_told(site, done), asks=judged == "ask")


def _done(sent: Sent) -> Response:
    site = here()
    with site.writing() as session:
        done = submit(session, site.program, site.deployment.roles, acting(), sent, site.now)
    tell(outcome_told(done))
    return redirect(_after() or url_for("staff.member", number=sent.number), 303)


def outcome_told(done: Done | Asked) -> str:
    """What came of an act that was sent: done, so already, or waiting for another."""
    if isinstance(done, Asked):
        said = _("This waits for another to approve it.")
    else:
        said = _("Done.") if done.fresh else _("Nothing changed: this was so already.")
    return here().language.say(said)


def _after() -> str | None:
    """The page of ours to go back to, where another than the member's led to the form."""
    return inside(request.args.get("after") or form("after"))


def _page(number: str, act: str, shown: Shown) -> str:
    site = here()
    account, person = member_of(number)
    fields, more = fields_of(site, act, account, person, shown.given)
    roles = site.deployment.roles
    told: dict[str, Any] = {
        "limit": roles.limit(worker().roles, act), "counts": counts_told(site, act),
        "label": site.language.say(ACTS[act].label), "stale": is_stale(act), "after": _after(),
    }  # fmt: skip
    return render_template("staff/act.html", act=act, number=account.number, person=person, fields=fields, more=more,
                           shown=shown, **told)  # fmt: skip
