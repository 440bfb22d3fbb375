"""The gallery of messages: every kind, for every tier, in every language, as it would be sent; how many were sent lately."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

from flask import Response, abort, make_response, render_template, request

from loyalty.i18n import translated
from loyalty.messages.examples import example, source_of, variants
from loyalty.messages.outbox import counts
from loyalty.messages.previews import known_kinds
from loyalty.messages.rendering import Rendered, render, subject
from loyalty.program.load import Edition
from loyalty.web.guarding import policy
from loyalty.web.site import Site, here
from loyalty.web.staff.guard import needs, pages
from loyalty.web.staff.messages_told import kind_told, sums, variant_told

#: So many are listed on a page, and so many days back are counted.
PAGE, DAYS = 40, 30
#: The mail is a document of its own, in a box: it runs nothing, sends nothing, and its links lead nowhere.
IN_A_BOX = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


@dataclass(frozen=True)
class Chosen:
    """One message to look at: a kind, what of it, for a tier of an edition, in a language of the program."""

    kind: str
    variant: str
    tier: str
    language: str
    edition: Edition

    @property
    def address(self) -> dict[str, str]:
        """What of it stands in an address."""
        parts = {"kind": self.kind, "variant": self.variant, "tier": self.tier, "language": self.language}
        return {name: value for name, value in {**parts, "edition": self.edition.name}.items() if value}


def edition_of(site: Site) -> Edition:
    """The edition that the address names, the newest without one. Ends the request with 404 where there is no such."""
    name = request.args.get("edition", "")
    editions = {edition.name: edition for edition in site.program.editions}
    return (editions.get(name) or abort(404)) if name else site.program.editions[-1]


def tier_of(edition: Edition) -> str:
    """The tier that the address names; where the edition does not have it, the first above the lowest."""
    wanted, tiers = request.args.get("tier", ""), edition.chart.tiers
    return wanted if wanted in tiers else tiers[min(1, len(tiers) - 1)]


@pages.get("/messages", endpoint="messages")
@needs("program.read")
def messages_() -> str:
    """Those that are looked for, a page at a time, each with its subject; and what became of those of the last days."""
    site = here()
    edition = edition_of(site)
    given = {name: request.args.get(name, "") for name in ("kind", "language")} | {"tier": _tiers_of(edition)}
    given["language"] = given["language"] if "language" in request.args else site.language.code
    found = list(_wanted(site, edition, given))
    at = max(request.args.get("page", 1, type=int), 1)
    shown = found[(at - 1) * PAGE : at * PAGE]
    lately = counts(site.reading, site.now - timedelta(days=DAYS))
    return render_template(
        "staff/messages.html", rows=[_row(site, one) for one in shown], all=len(found), at=at, more=len(found) > at * PAGE,
        given=given | {"edition": edition.name}, sums=sums(lately, site.language), days=DAYS,
        kinds=_kinds(site), **_choices(site, edition),
    )  # fmt: skip


def _tiers_of(edition: Edition) -> str:
    """The tier that is listed; all where the address says so, with an empty one."""
    return "" if request.args.get("tier") == "" else tier_of(edition)


def _wanted(site: Site, edition: Edition, given: dict[str, str]) -> Iterator[Chosen]:
    kinds = [kind for kind in known_kinds(site.program) if given["kind"] in ("", kind)]
    tiers = [tier for tier in edition.chart.tiers if given["tier"] in ("", tier)]
    languages = [code for code in site.program.file.languages if given["language"] in ("", code)]
    for kind, tier, language in product(kinds, tiers, languages):
        for variant in variants(site.program, kind):
            yield Chosen(kind, variant, tier, language, edition)


def _row(site: Site, one: Chosen) -> dict[str, Any]:
    context = _context(site, one)
    told = subject(one.kind, context, one.language, site.program.file.brand)
    return {**_named(site, one), "subject": told, "lang": translated(one.language).tag, "address": one.address}


def _named(site: Site, one: Chosen) -> dict[str, str]:
    source = source_of(site.program, one.kind)
    return {
        "kind": kind_told(one.kind, site.language), "variant": variant_told(source, one.variant, site.language),
        "tier": _tiers(site, one.edition)[one.tier], "language": one.language,
    }  # fmt: skip


def _context(site: Site, one: Chosen) -> dict[str, Any]:
    language = translated(one.language)
    return example(site.program, one.kind, one.tier, language, site.today, one.variant, edition=one.edition)


def _kinds(site: Site) -> dict[str, str]:
    named = {kind: kind_told(kind, site.language) for kind in known_kinds(site.program)}
    return dict(sorted(named.items(), key=lambda one: one[1]))


def _tiers(site: Site, edition: Edition) -> dict[str, str]:
    return {tier.id: site.language.own(tier.name) for tier in edition.ladder.tiers}


def _choices(site: Site, edition: Edition) -> dict[str, Any]:
    """What may be chosen beside the kind."""
    editions = {one.name: site.language.day(one.begins) for one in reversed(site.program.editions)}
    return {"tiers": _tiers(site, edition), "editions": editions}


@pages.get("/messages/<kind>")
@needs("program.read")
def message_kind(kind: str) -> Response:
    """One as it would be sent: subject, text, and the mail in a window as wide as a phone or a desk shows it."""
    site = here()
    one, rendered = _rendered(site, kind)
    width = "phone" if request.args.get("width") == "phone" else "desktop"
    row = site.program.editions[-1].messages.message(kind)
    consents = site.program.editions[-1].messages.consents
    named = [(variant, variant_told(source_of(site.program, kind), variant, site.language))
             for variant in variants(site.program, kind)]  # fmt: skip
    answer = make_response(render_template(
        "staff/message_kind.html", one=one, mail=rendered, named=_named(site, one), width=width,
        variants=dict(named) if len(named) > 1 else {}, lang=translated(one.language).tag,
        consent=site.language.own(consents[row.consent].name) if row else "", row=row, **_choices(site, one.edition),
    ))  # fmt: skip
    answer.headers["Content-Security-Policy"] = f"{policy(site.program.file.brand.logo)}; frame-src 'self'"
    return answer


@pages.get("/messages/<kind>/mail")
@needs("program.read")
def message_mail(kind: str) -> Response:
    """The mail itself, for the window of the page: it alone may be framed, by us, and has a policy of its own."""
    _one, rendered = _rendered(here(), kind)
    answer = make_response(rendered.html)
    answer.headers["Content-Security-Policy"] = IN_A_BOX
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _rendered(site: Site, kind: str) -> tuple[Chosen, Rendered]:
    """The message that an address names. Ends the request with 404 where there is no such."""
    if kind not in known_kinds(site.program):
        abort(404)
    edition, of_kind = edition_of(site), variants(site.program, kind)
    variant = request.args.get("variant", of_kind[0])
    language = request.args.get("language", site.language.code)
    if variant not in of_kind or language not in site.program.file.languages:
        abort(404)
    one = Chosen(kind, variant, tier_of(edition), language, edition)
    return one, render(kind, _context(site, one), language, site.program.file.brand)
