"""Which pages there are to look at: every address that answers GET with a page, those with a part to fill in by an example."""

from sqlalchemy import select

from loyalty.benefits.tables import Request, Service
from tests.browser.seed import Seeded

#: Addresses that answer with something else than a page, or need a link that works once.
NO_PAGES = {"looks.file", "looks.brand", "looks.icon", "unsubscribe.ask"}


def addresses(site: Seeded, member: bool) -> list[str]:
    """The pages for a member who is signed in, or those that are open to all."""
    found = []
    for rule in site.app.url_map.iter_rules():
        view = site.app.view_functions[rule.endpoint]
        if "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGES:
            continue
        if not rule.arguments and (member or getattr(view, "open_to_all", False)):
            found.append(rule.rule)
    return sorted([*found, *(asking(site) if member else [])])


def asking(site: Seeded) -> list[str]:
    """Pages of the member's requests, and of a service that the member may still ask of; the chart in its other forms."""
    mine = select(Request.request_id, Request.service_id).where(Request.member_id == site.member_id)
    with site.deployment.store.reading() as session:
        rows = session.execute(mine.order_by(Request.state == "waitlisted", Request.request_id)).all()
        asked = [row.service_id for row in rows]
        free = session.scalars(
            select(Service).where(Service.service_id.not_in(asked)).order_by(Service.starts_at.desc())
        ).first()
    assert rows and free is not None
    service = f"/requests/services/{free.service_id}"
    return ["/program/benefits?tier=all", f"/program/benefits?tier={site.deployment.program.tiers[-1]}",
            f"/requests?key={free.key[:3]}", service, f"{service}/ask?kind=upgrade&from=economy&to=business",
            f"/requests/{rows[-1].request_id}"]  # fmt: skip
