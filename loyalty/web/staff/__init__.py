"""The console of staff: pages under /staff, each open by an act of their roles."""

from typing import Any

from flask import Flask

from loyalty.web.site import here
from loyalty.web.staff import acting, approving, auditing, finding, jobs, member, messages, signing, start  # noqa: F401 the pages
from loyalty.web.staff.guard import may, pages, signed
from loyalty.web.staff.member_told import source_told


def install(app: Flask) -> None:
    """Put the console into an application, and give its templates who is signed in and what they may do."""
    app.register_blueprint(pages)

    @app.context_processor
    def always() -> dict[str, Any]:
        """What templates of staff ask for; on other pages it is not used."""
        return {"signed_staff": signed, "may": may, "source_told": lambda source: source_told(source, here().language)}
