"""The member portal: a blueprint for each page or group of pages, and what all of its templates are given."""

from typing import Any

from flask import Flask

from loyalty.web.looks import asset, brand_address, icon_address
from loyalty.web.portal import (
    activity,
    benefits,
    home,
    household,
    joining,
    leaving,
    me,
    planner,
    points,
    preferences,
    proving,
    public,
    requests,
    security,
    signing,
    statements,
    status,
    wallet,
)
from loyalty.web.site import Site
from loyalty.web.speaking import named

#: Every group of pages. A new one is a module with a blueprint, and a line here.
BLUEPRINTS = tuple(
    module.pages
    for module in (
        home, signing, joining, status, planner, benefits, requests, activity, statements, points, me, security, proving,
        preferences, household, leaving, wallet, public,
    )
)  # fmt: skip


def install(app: Flask, site: Site) -> None:
    """Put the portal into an application."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

    @app.context_processor
    def always() -> dict[str, Any]:
        """What every template has: the program, the language, who is signed in, files by name."""
        head, language = site.program.file, site.language
        return {
            "program": {"name": language.own(head.name), "zone": head.zone}, "brand": head.brand, "language": language,
            "languages": named(head.languages, language),
            "viewer": site.signed_in, "today": site.today, "asset": asset, "brand_address": brand_address,
            "icon_address": icon_address, "has_requests": bool(site.edition.requests.requests),
        }  # fmt: skip
