"""Which pages there are to look at: every address that answers GET with a page, those with a part to fill in by an example."""

from playwright.sync_api import Page
from sqlalchemy import func, select

from loyalty.benefits.tables import Request, Service
from loyalty.jobs.tables import Run
from loyalty.members.tables import Member
from loyalty.web.staff.jobs_told import at_of
from tests.browser.seed import Seeded

#: What is there only where something is set up, or is a part of a page.
ELSEWHERE = {"wallet.apple", "wallet.google", "planner.matching"}


def addresses(site: Seeded, token: str = "") -> list[str]:
    """The pages for a sign-in or for nobody: what answers with HTML, and examples of the others. One that fails is an error."""
    client = site.app.test_client()
    if token:
        with client.session_transaction() as kept:
            kept["_user_id"], kept["_fresh"] = token, True
    found = []
    for rule in site.app.url_map.iter_rules():
        view = site.app.view_functions[rule.endpoint]
        if "GET" not in (rule.methods or ()) or rule.arguments or rule.endpoint in ELSEWHERE:
            continue
        if hasattr(view, "needs"):  # a page of staff: see `of_staff`
            continue
        if token or getattr(view, "open_to_all", False):
            answer = client.get(rule.rule)
            assert answer.status_code < 400, (rule.rule, answer.status_code)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                found.append(rule.rule)
    return sorted([*found, *(asking(site) if token else ())])


def of_staff(site: Seeded) -> list[str]:
    """The pages of staff, for one who reads all of them: found, the member, acts of every kind of form, what waits."""
    acts = ("activity.post?kind=flight", "points.adjust", "benefit.grant", "member.attributes", "member.change", "note.add",
            "file.change", "contact.set", "competitor.set", "manager.assign", "case.answer")  # fmt: skip
    member = f"/staff/members/{site.number}"
    filed = (f"{member}/file", f"{member}/cases", "/staff/reviews?of=all", "/staff/reviews?of=all&show=all")
    with site.deployment.store.reading() as session:
        (asked,) = session.scalars(select(Run.due).where(Run.waits))
    job, gallery = "/staff/jobs", "/staff/messages"
    return ["/staff", "/staff/find?q=an", "/staff/find?q=xyzzy", member, f"{member}?all=1", f"{member}/activity",
            "/staff/audit", "/staff/bulk", "/staff/bulk/1", "/staff/bulk/new?act=points.adjust",
            "/staff/bulk/new?act=tier.offer", "/staff/approvals/2", "/staff/approvals", "/staff/approvals/1", "/staff/password",
            "/staff/passkeys", "/staff/people", "/staff/people/1", "/staff/people/new", "/staff/code",
            job, f"{job}/recalculate", f"{job}/recalculate/runs/{at_of(site.night)}", f"{job}/trim/runs/{at_of(asked)}",
            gallery, f"{gallery}?kind=request&tier=&language=", f"{gallery}/promoted", f"{gallery}/request?width=phone",
            *filed, *(f"{member}/acts/{act}" for act in acts), *of_desk(site), *of_program(site)]  # fmt: skip


def of_program(site: Seeded) -> list[str]:
    """The pages of the program desk: editions, a draft, its trial, who moves, two compared, the form of a draft."""
    here, edition = "/staff/program", site.deployment.program.editions[-1].name
    return [here, f"{here}/editions/{edition}", f"{here}/compare?before={edition}&after=draft-1", f"{here}/drafts/new",
            f"{here}/drafts/1", f"{here}/trials/1?scenarios=all", f"{here}/trials/1/moves"]  # fmt: skip


def of_desk(site: Seeded) -> list[str]:
    """The pages of the requests desk: the list, the service with the longest queue, its acts, an act on one of its requests."""
    with site.deployment.store.reading() as session:
        waiting = select(Request.service_id).where(Request.state == "waitlisted").group_by(Request.service_id)
        service = session.scalars(waiting.order_by(func.count().desc())).first()
        request = session.scalars(select(Request).where(Request.service_id == service, Request.state == "waitlisted")).first()
        assert request is not None
        number = session.scalars(select(Member.number).where(Member.member_id == request.member_id)).one()
    here, ways = f"/staff/services/{service}", ("units", "move", "close", "cancel", "replace")
    skip = f"/staff/members/{number}/acts/request.skip?request={request.key}&source={request.source}&after={here}"
    return ["/staff/services", "/staff/services?key=xyzzy", here, f"{here}/clear", skip,
            *(f"{here}/change?how={how}" for how in ways)]  # fmt: skip


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


def planned(page: Page, address: str) -> None:
    """The planner with an answer: one flight in business class, next month, whatever the language."""
    page.goto(f"{address}/planner")
    for name, value in {"origin": "ORD", "destination": "TPE"}.items():
        page.fill(f"[name=field-{name}]", value)
    page.select_option("[name=field-booking_class]", "J")
    page.click("button[name=act]:not(.hidden)")
    page.wait_for_selector("table.facts-wide")
