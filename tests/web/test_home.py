"""The first page: who a member is, until when, what keeps it, what to do; few statements for everybody, kept by facts."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import update

from loyalty.benefits.operations import Given
from loyalty.benefits.operations import grant as grant_right
from loyalty.earning.operations import reverse
from loyalty.jobs.deployment import Deployment
from loyalty.members.operations import change
from loyalty.members.tables import Member
from loyalty.store import Base
from loyalty.web.kept import mark_of
from tests.web.acts import act, end, fly, give
from tests.web.portal import Portal

Deploy = Callable[..., Deployment]


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def test_every_tier_and_no_activity(portal: Portal) -> None:
    tiers = portal.deployment.program.tiers
    for n, tier in enumerate(tiers):
        member = portal.enrol(f"M{n}", name=f"<b>{tier}</b>")
        if n:
            give(portal, f"M{n}", tier)
        page = portal.client(member).get("/").text
        assert f'<section class="card" data-tier="{tier}"' in page and f"&lt;b&gt;{tier}" in page and "<b>" not in page
        assert f"M{n}" in page and 'class="card-qr"><svg' in page
        assert "Nothing yet." in page and ">0</dd>" in page
    assert "What Silver takes" in portal.client(portal.enrol("NEW")).get("/").text
    assert "takes</h3>" not in page  # nothing is above the highest


def test_what_was_done_and_what_it_takes(portal: Portal) -> None:
    member = portal.enrol("M", name="Mei")
    for n in range(6):
        fly(portal, "M", f"k{n}", f"2026-06-0{n + 1}")
    page = portal.client(member).get("/").text
    assert 'data-tier="gold"' in page and "valid through" in page and "January 31, 2028" in page
    assert page.count('<time datetime="2026-06-0') == 5 and "2026-06-01" not in page
    assert "54,000 of 75,000" in page and "6 of 90" in page  # both paths at once
    assert "What Platinum would add" in page
    act(portal, "M", lambda session, program, account, now: reverse(session, program, account, "test", "k5", "no", now))
    page = portal.client(member).get("/").text
    assert "taken back" in page and 'data-tier="silver"' in page


def test_one_who_has_left_is_told_so(portal: Portal) -> None:
    member = portal.enrol("M")
    fly(portal, "M", "k", "2026-06-01")
    client = portal.client(member)
    end(portal, "M", date(2026, 6, 20))
    assert "June 19, 2026 is the last day of your membership" in client.get("/").text
    portal.later(days=10)
    page = client.get("/").text
    assert "Your membership has ended" in page and "June 19, 2026" in page and 'class="card"' not in page


def test_as_many_statements_for_everybody(portal: Portal) -> None:
    poor, rich = portal.client(portal.enrol("POOR")), portal.client(portal.enrol("RICH"))
    for n in range(15):
        fly(portal, "RICH", f"k{n}", f"2026-05-{n + 1:02}", 9000)
    give(portal, "RICH", "diamond")
    counts = []
    for client in (poor, rich):
        with portal.heard() as first:
            assert client.get("/").status_code == 200
        with portal.heard() as again:
            assert client.get("/").status_code == 200
        counts.append((len(first), len(again)))
    assert counts[0] == counts[1] and counts[0][1] < counts[0][0] <= 13, counts


def test_every_fact_is_seen_at_once(portal: Portal) -> None:
    """What is kept goes by a mark: each kind of fact changes it, and time alone only where it opens something."""
    member = portal.enrol("M", name="Before")
    other = portal.enrol("OTHER")
    store = portal.deployment.store

    def mark(of: int = member) -> str:
        with store.reading() as session:
            return mark_of(session, of, portal.now)

    seen, others = [mark()], mark(other)
    wanted = Given("grand_upgrade", 1, date(2026, 6, 15), None, "Ada", "test", "one")
    facts: list[Callable[[], None]] = [
        lambda: fly(portal, "M", "k0", "2026-06-01", 6000),
        lambda: fly(portal, "M", "k1", "2026-06-01", 0, "E"),
        lambda: act(portal, "M", lambda s, p, a, now: reverse(s, p, a, "test", "k0", "no", now)),
        lambda: give(portal, "M", "gold"),
        lambda: act(portal, "M", lambda s, p, a, now: grant_right(s, p, a, wanted, now)),
        lambda: act(portal, "M", lambda s, p, a, now: change(s, member, now, name="After")),
        lambda: end(portal, "M", date(2026, 12, 31)),
    ]
    for fact in facts:
        fact()
        assert mark() not in seen, len(seen)
        seen.append(mark())
    portal.later(days=3)
    assert mark() == seen[-1] and mark(other) == others


def test_the_mark_looks_at_every_table_that_the_page_is_made_from(portal: Portal) -> None:
    client = portal.client(portal.enrol("M"))

    def tables(statements: list[str]) -> set[str]:
        return {name for text in statements for name in re.findall(r"(?:FROM|JOIN) \"?([a-z_]+)", text)} & set(
            Base.metadata.tables
        )

    with portal.heard() as made:
        client.get("/")
    with portal.heard() as kept:
        client.get("/")
    asked = tables([text for text in kept if "count(*)" in text])
    assert {"entry", "member", "standing", "request", "benefit_use"} <= asked
    # a waypoint tells nothing that the rows that it was made from do not
    assert tables(made) - {"sign_in", "waypoint"} <= asked, tables(made) - asked


def test_what_is_kept_is_the_members_alone(portal: Portal) -> None:
    one, other = portal.enrol("ONE", name="Ada"), portal.enrol("TWO", name="Zoltan")
    clients = [portal.client(one), portal.client(other), portal.client(one)]
    pages = [client.get("/").text for client in clients]
    assert "Ada" in pages[0] and "Zoltan" in pages[1] and "Ada" not in pages[1] and "Zoltan" not in pages[0]
    tokens = [page.split('name="csrf_token" value="')[1].split('"')[0] for page in pages]
    assert len(set(tokens)) == 3  # the forms of each sign-in are its own
    with portal.deployment.store.transaction() as session:
        session.execute(update(Member).where(Member.member_id == one).values(name="Eve"))
    assert "Eve" in clients[0].get("/").text
