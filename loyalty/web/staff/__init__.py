"""The console of staff: pages under /staff, each open by an act of their roles."""

from typing import Any

from flask import Flask

from loyalty.web.site import Site, here
from loyalty.web.staff import (  # noqa: F401 the pages
    acting,
    approving,
    auditing,
    bulk,
    filing,
    finding,
    jobs,
    member,
    messages,
    passkeys,
    people,
    program,
    program_drafts,
    program_trials,
    provided,
    service_acting,
    services,
    signing,
    start,
)
from loyalty.web.staff.guard import may, pages, signed
from loyalty.web.staff.member_told import source_told


def install(app: Flask, site: Site) -> None:
    """Put the console into an application, and give its templates who is signed in and what they may do."""
    app.register_blueprint(pages)
    provided.install(app, site)

    @app.context_processor
    def always() -> dict[str, Any]:
        """What templates of staff ask for; on pages of members it is not used."""
        offers = any(edition.requests.services for edition in here().program.editions)
        told: dict[str, Any] = {"source_told": lambda source: source_told(source, here().language)}
        return {"signed_staff": signed, "may": may, "offers_services": offers, **told}
