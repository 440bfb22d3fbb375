"""The first page of staff: members per tier and points over time, moves with their direction, from what the nights kept."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from loyalty.i18n import translated
from loyalty.insight.tables import Snapshot, SnapshotMove, SnapshotPoints, SnapshotTier
from loyalty.jobs import runs
from loyalty.jobs.runs import RunKey
from loyalty.jobs.schedule import run_now
from loyalty.jobs.timetable import job_named
from loyalty.ledger.operations import Correction, adjust
from loyalty.web.drawing_levels import Level, levels_drawn
from loyalty.web.staff.overview import month_ends, shown_days
from tests.conftest import NOON
from tests.web.console import Console, post
from tests.web.test_frame import Deploy

LAST = NOON.date() - timedelta(days=1)


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def keep(console: Console, days: int) -> None:
    """Days that were kept, back from yesterday: each day two more of the lowest tier, and one unit of points with decimals."""
    low, high = console.deployment.program.tiers[0], console.deployment.program.tiers[-1]
    unit = next(name for name, one in console.deployment.program.editions[-1].units.units.items() if one.kind == "points")
    with console.deployment.store.transaction() as session:
        for n in range(days):
            day = LAST - timedelta(days=n)
            session.add(Snapshot(day=day, taken_at=NOON, waiting=3 if n == 0 else 0))
            session.flush()
            session.add(SnapshotTier(day=day, tier=low, source="base", members=2000 - 2 * n))
            session.add(SnapshotTier(day=day, tier=high, source="earned", members=7))
            session.add(SnapshotTier(day=day, tier=high, source="granted", members=3))
            session.add(SnapshotPoints(day=day, unit=unit, held=1_000_000 - n * 1000, came=1500, went=500))
            for old, new, members in ((low, high, 2), (high, low, 1), ("", low, 4), (low, "", 3)):
                session.add(SnapshotMove(day=day, old=old, new=new, members=members))


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))


def test_days_that_are_shown() -> None:
    assert shown_days(date(2026, 6, 14))[0] == date(2025, 6, 15) and len(shown_days(date(2026, 6, 14))) == 53
    assert month_ends(date(2026, 3, 31))[:3] == [date(2026, 3, 31), date(2026, 2, 28), date(2026, 1, 31)]
    assert month_ends(date(2026, 6, 14))[:2] == [date(2026, 6, 14), date(2026, 5, 31)] and len(month_ends(LAST)) == 13


def test_levels_are_drawn_upon_each_other() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 11), date(2026, 1, 21)]
    levels = [Level("low", "#111", [10, 10, 10]), Level("high", "#222", [0, 10, 30])]
    drawn = str(levels_drawn(days, levels, "Members <per> tier", translated("en")))
    # 190 px for 40: the ground at 214, 10 at 167, 20 at 119, 40 at 24
    assert 'd="M0 167 L320 167 L640 167 L640 214 L320 214 L0 214 Z" fill="#111"' in drawn
    assert 'd="M0 167 L320 119 L640 24 L640 167 L320 167 L0 167 Z" fill="#222"' in drawn
    assert "Members &lt;per&gt; tier" in drawn and "high: 30" in drawn and ">40<" in drawn
    assert levels_drawn(days[:1], levels[:1], "x", translated("en")) == ""
    assert levels_drawn(days, [Level("none", "#111", [0, 0, 0])], "x", translated("en")) == ""


def test_members_moves_and_points_are_told_over_a_year(console: Console) -> None:
    keep(console, 500)
    page = console.staff("supervisor").get("/staff").text
    told = plain(page)
    low, high = (console.deployment.program.tiers[n] for n in (0, -1))
    tiers = page.partition('id="tiers"')[2].partition("</section>")[0]
    rows = {tier: [plain(cell).strip() for cell in re.findall(r'<td class="number">(.*?)</td>', row)] for tier in (low, high)
            for row in [tiers.partition(f'data-tier="{tier}"')[2].partition("</tr>")[0]]}  # fmt: skip
    assert rows == {low: ["2,000", "+728"], high: ["10", "0"]}
    assert "<strong>2,010</strong>" in tiers and "3 members not worked out yet" in tiers
    assert tiers.count("chart-level") == len(console.deployment.program.tiers)
    assert "May 31, 2026" in tiers and "Jun 30, 2025" in tiers and "May 31, 2025" not in tiers
    # June has 14 days so far
    for way, sign, count in (("Raised", "▲", 28), ("Lowered", "▼", 14), ("Joined", "+", 56), ("Left", "−", 42)):
        assert f"{way} {sign} {count}" in told, (way, told)
    assert "1,000,000" in told and "+ 21,000" in told.replace("+21", "+ 21") and "−7,000" in told
    assert "chart-line" in page


def test_the_figures_are_those_of_the_books(console: Console) -> None:
    program = console.deployment.program
    unit = next(name for name, one in program.editions[-1].units.units.items() if one.kind == "points")
    for number, amount in (("A", "7000"), ("B", "500"), ("C", "-20")):
        member = console.enrol(number)
        with console.deployment.store.transaction() as session:
            day = LAST - timedelta(days=1)
            adjust(
                session,
                program,
                member,
                Correction({unit: Decimal(amount)}, day, "t", "t", number),
                NOON - timedelta(days=2),
                day,
            )
    run_now(console.deployment, job_named(console.deployment.settings, "snapshot"), console.now, lambda _done, _all: None)
    told = plain(console.staff("finance").get("/staff").text)
    assert "7,480" in told and "+7,500" in told and "−20" in told


def test_numbers_lead_to_where_one_acts(console: Console) -> None:
    console.enrol("M")
    post(console.staff("agent"), "/staff/members/M/acts/member.freeze", {"key": "k", "reason": "asked", "step": "do"})
    with console.deployment.store.transaction() as session:
        key = RunKey("trim", NOON - timedelta(days=5), LAST, scheduled=True)
        runs.begin(session, key, key.due)
        runs.finish(session, key, key.due)
    page = console.staff("supervisor").get("/staff").text
    assert re.search(r'<a class="pill bad" href="/staff/approvals">\s*1 waits', page)
    row = page.partition('href="/staff/jobs/trim"')[2].partition("</li>")[0]
    assert "Clean-up" in row and "4 days" in row
    assert "No day has been kept yet" in page


def test_the_first_page_is_as_many_statements_whatever_was_kept(console: Console) -> None:
    client = console.staff("loyalty_manager")
    counts = []
    for days in (2, 400):
        with console.deployment.store.transaction() as session:
            for table in (SnapshotPoints, SnapshotMove, SnapshotTier, Snapshot):
                session.query(table).delete()
        keep(console, days)
        with console.heard() as heard:
            assert client.get("/staff").status_code == 200
        counts.append(len(heard))
    assert counts[0] == counts[1], counts
