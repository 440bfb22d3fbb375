"""The console of staff: pages under /staff, each open by an act of their roles."""

from typing import Any

from flask import Flask

from loyalty.web.site import Site
from loyalty.web.staff import acting, approving, auditing, bulk, finding, member, passkeys, people, provided, signing, start  # noqa: F401 the pages
from loyalty.web.staff.guard import may, pages, signed


def install(app: Flask, site: Site) -> None:
    """Put the console into an application, and give its templates who is signed in and what they may do."""
    app.register_blueprint(pages)
    provided.install(app, site)

    @app.context_processor
    def always() -> dict[str, Any]:
        """Who is signed in with a whole sign-in; on other pages than those of staff it is not used."""
        return {"signed_staff": signed, "may": may}
