"""The membership card for the wallets of telephones; nothing where the operator has set nothing up."""

from flask import Blueprint, Response, abort, redirect
from werkzeug.wrappers import Response as AnyResponse

from loyalty.clock import through
from loyalty.i18n import _
from loyalty.members.tables import Member
from loyalty.status.words import tier_name
from loyalty.web.guarding import limiter
from loyalty.web.portal.balances import spendable_balances
from loyalty.web.portal.card_passes import Card, apple_offered, apple_pass, google_link, google_offered
from loyalty.web.site import Site, here

pages = Blueprint("wallet", __name__)


def offered(site: Site) -> dict[str, str]:
    """The wallets that the card can be put into: the view, and what its link says."""
    settings, say = site.deployment.settings, site.language.say
    apple = {"wallet.apple": say(_("Add to Apple Wallet"))} if apple_offered(settings) else {}
    return {**apple, **({"wallet.google": say(_("Add to Google Wallet"))} if google_offered(settings) else {})}


@pages.get("/wallet/apple")
@limiter.limit("20 per hour", key_func=lambda: str(here().viewer.member_id))
def apple() -> Response:
    """The signed pass. 404 where none can be signed."""
    site = here()
    if not apple_offered(site.deployment.settings):
        abort(404)
    data = apple_pass(_card(site), site.deployment.settings, site.language, site.now)
    answer = Response(data, mimetype="application/vnd.apple.pkpass")
    answer.headers["Content-Disposition"] = 'attachment; filename="card.pkpass"'
    return answer


@pages.get("/wallet/google")
@limiter.limit("20 per hour", key_func=lambda: str(here().viewer.member_id))
def google() -> AnyResponse:
    """To the page that saves the card. 404 where no link can be signed."""
    site = here()
    if not google_offered(site.deployment.settings):
        abort(404)
    return redirect(google_link(_card(site), site.deployment.settings, site.language, site.now), 303)


def _card(site: Site) -> Card:
    """The card of who is signed in. 404 for who is a member no more."""
    member, account, language = site.reading.get_one(Member, site.viewer.member_id), site.account, site.language
    brand = site.program.file.brand
    if account.tier is None:
        abort(404)
    points = spendable_balances(site, member.member_id)
    return Card(
        language.own(site.program.file.name), member.number, member.name, tier_name(site.program, account.tier, language.code),
        through(account.until), points, brand.cards.get(account.tier, brand), brand.accent,
    )  # fmt: skip
