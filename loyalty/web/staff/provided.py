"""Staff sign in by an identity provider: sent away with a state, a nonce and PKCE, and let in by what it answers."""

from datetime import datetime
from hmac import compare_digest
from typing import Any, cast

from flask import Flask, abort, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from loyalty.access.staff_provided import Asked, admit
from loyalty.access.staff_signed import begin_staff
from loyalty.errors import Refused, refusal_told
from loyalty.web.guarding import inside, limiter
from loyalty.web.portal.entering import HALF as PATIENCE
from loyalty.web.portal.entering import LIMIT, party, place
from loyalty.web.site import Site, here
from loyalty.web.staff.guard import OPEN, TOKEN, needs, pages
from loyalty.web.staff.signing import PROVIDER, forget

Page = str | tuple[str, int] | Response
#: Under this key the browser's session keeps what it was sent away with.
AWAY = "provider"


def install(app: Flask, site: Site) -> None:
    """Keep the provider of the settings, if there is one. Raises Refused: `sso_missing` where what it takes is not there."""
    app.extensions[PROVIDER] = None
    if site.deployment.settings.oidc_issuer:
        try:
            from loyalty.access.provider import Provider  # noqa: PLC0415 an extra
        except ImportError:
            raise Refused("sso_missing") from None
        app.extensions[PROVIDER] = Provider(site.deployment.settings, site.deployment.roles.file.provider.claim)


def _provider() -> Any:
    return current_app.extensions[PROVIDER] or abort(404)


def _back() -> str:
    """Where the provider sends the browser back to: it knows this address, and no other."""
    return party().origin + url_for("staff.provider_back")


@pages.get("/sign-in/provider")
@needs(OPEN)
@limiter.limit(LIMIT)
def provider() -> Page:
    """Away to the provider."""
    site, asks = here(), _provider()
    try:
        asked = asks.ask(_back(), site.now)
    except Refused as refusal:
        return _refused(refusal)
    wanted = inside(request.args.get("after")) or ""
    session[AWAY] = [asked.state, asked.nonce, asked.verifier, site.now.isoformat(), wanted]
    return redirect(asked.address, 303)


@pages.get("/sign-in/provider/back")
@needs(OPEN)
@limiter.limit(LIMIT)
def provider_back() -> Page:
    """Back from the provider: its answer is asked for and checked outside of any transaction, and holds once."""
    site, asks = here(), _provider()
    try:
        asked, wanted = _sent_away(site)
        site.done()
        answered = asks.answer(_back(), request.args.get("code", ""), asked, site.now)
        with site.writing() as transaction:
            roles = site.deployment.roles
            admitted = admit(transaction, roles, answered, site.now)
            if not isinstance(admitted, Refused):
                stepped = bool(set(answered.proved_by) & set(roles.file.provider.second_step))
                agent = request.user_agent.string
                token = begin_staff(transaction, admitted.staff_id, "provider", site.now, place(), agent, stepped)
        if isinstance(admitted, Refused):
            raise admitted
    except Refused as refusal:
        return _refused(refusal)
    forget()
    session[TOKEN] = token
    return redirect(wanted or url_for("staff.start"), 303)


def _sent_away(site: Site) -> tuple[Asked, str | None]:
    """What this browser was sent away with, once. Raises Refused: `provider_wrong`."""
    kept = cast(list[str] | None, session.pop(AWAY, None))
    if not kept or not compare_digest(kept[0].encode(), request.args.get("state", "").encode()):
        raise Refused("provider_wrong", why="state")
    if site.now - datetime.fromisoformat(kept[3]) > PATIENCE:
        raise Refused("provider_wrong", why="too late")
    if request.args.get("iss", site.deployment.settings.oidc_issuer) != site.deployment.settings.oidc_issuer:
        raise Refused("provider_wrong", why="iss")
    if not request.args.get("code"):
        raise Refused("provider_wrong", why=request.args.get("error", "no code")[:40])
    return Asked("", *kept[:3]), inside(kept[4])


def _refused(refusal: Refused) -> tuple[str, int]:
    wrong = refusal_told(refusal, here().language)
    return render_template("staff/sign_in.html", after=None, name="", wrong=wrong, provided=True, out=False), 403


@pages.get("/sign-out/provider")
@needs(OPEN)
@limiter.limit(LIMIT)
def provider_left() -> Response:
    """Out of the provider too, where it has such a place."""
    site, asks = here(), _provider()
    home = party().origin + url_for("staff.sign_in")
    return redirect(asks.leave(site.now, home) or url_for("staff.sign_in"), 303)
