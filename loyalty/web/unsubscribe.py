"""Unsubscribing by the link of a mail (RFC 8058): by the button of the mail program with one POST, or by hand on a page."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, make_response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from loyalty.errors import Refused
from loyalty.i18n import Language, _, fitting, translated
from loyalty.jobs.deployment import Deployment
from loyalty.members.consent import consent, consents_of
from loyalty.members.tables import Member
from loyalty.messages.preferences import refusable
from loyalty.messages.tokens import read_token
from loyalty.program.telling import Consent
from loyalty.web.guarding import csrf, open_to_all

#: What the page says.
WORDS = {
    "ask": _("Do you want no more of these messages? Everything else stays as it is."),
    "stop": _("No more of these messages"),
    "stopped": _("You receive no more of these messages."),
    "start": _("Send me these messages again"),
    "started": _("You receive these messages again."),
}


def pages(deployment: Deployment, now: Callable[[], datetime]) -> Blueprint:
    """The pages of unsubscribing.

    GET changes nothing: scanners of mail open every link. POST needs no sign-in and no further token, as the standard wants
    it: the signed link is both. It may be sent any number of times.
    """
    found = Blueprint("unsubscribe", __name__)

    @found.get("/unsubscribe/<token>")
    @open_to_all
    def ask(token: str) -> Response:
        with deployment.store.reading() as session:
            return _page(session, deployment, token, now(), None)

    @found.post("/unsubscribe/<token>")
    @open_to_all
    def answer(token: str) -> Response:
        given = request.form.get("again") == "yes"
        source = "one click" if request.form.get("List-Unsubscribe") == "One-Click" else "page"
        with deployment.store.transaction() as session:
            return _page(session, deployment, token, now(), (given, source))

    csrf.exempt(answer)
    return found


def _page(session: Session, deployment: Deployment, token: str, at: datetime, said: tuple[bool, str] | None) -> Response:
    """The page about the consent of a link, after what was said about it. 404 for a link that is none of ours."""
    member_id, name = read_token(deployment.settings, token) or abort(404)
    member = session.scalar(select(Member).where(Member.member_id == member_id)) or abort(404)
    about = _consent(deployment, name, at) or abort(404)
    if said is not None:
        consent(session, member_id, name, said[0], said[1], at)
    given = consents_of(session, [member_id]).get(member_id, {}).get(name, about.given)
    language = translated(fitting(member.language, deployment.program.file.languages))
    return _rendered(deployment, language, about, {"given": given, "said": said is not None})


def _consent(deployment: Deployment, name: str, at: datetime) -> Consent | None:
    """A consent that can be refused; none for another."""
    try:
        return refusable(deployment.program, name, deployment.today(at))
    except Refused:
        return None


def _rendered(deployment: Deployment, language: Language, about: Consent, state: dict[str, Any]) -> Response:
    words = {name: language.say(text) for name, text in WORDS.items()}
    sentence = language.own(about.sentence) if about.sentence else ""
    program = language.own(deployment.program.file.name)
    text = render_template(
        "unsubscribe.html", words=words, lang=language.tag, program=program, name=language.own(about.name), sentence=sentence,
        **state,
    )  # fmt: skip
    return make_response(text)
