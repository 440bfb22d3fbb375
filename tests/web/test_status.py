"""The page on status: the timeline drawn and listed, what comes next, choices of milestones made there."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from sqlalchemy import select

from loyalty.jobs.deployment import Deployment
from loyalty.status.tables import StatusAward
from loyalty.web.drawing import Bar, spans_drawn
from tests.web.acts import end, fly, give
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]


def test_every_span_has_its_reason_and_is_drawn(deploy: Deploy) -> None:
    portal = Portal(deploy())
    member = portal.enrol("M", name="<script>x</script>")
    for n in range(6):
        fly(portal, "M", f"k{n}", f"2026-06-0{n + 1}")
    give(portal, "M", "platinum")
    page = portal.client(member).get("/status").text
    assert "<script>x" not in page and 'role="img"' in page and "<title>Your tiers over the years</title>" in page
    assert page.count('<rect class="drawn-bar') == page.count('<li>\n<p class="row"><strong><span class="swatch"') >= 2
    assert "granted by Ada: test" in page.lower() or "Granted by Ada: test" in page
    assert "54,000 of 100,000" in page and "1,000,000" in page
    assert "style=" not in page and "Cabin upgrades" not in page
    client, poor = portal.client(member), portal.client(portal.enrol("POOR"))
    with portal.heard() as rich:
        client.get("/status")
    with portal.heard() as few:
        assert poor.get("/status").status_code == 200
    assert len([text for text in rich if "SELECT" in text]) == len([text for text in few if "SELECT" in text]) <= 12
    end(portal, "M", date(2026, 6, 16))
    portal.later(days=5)
    page = portal.client(member).get("/status").text
    assert "Your membership has ended" in page, re.sub("<[^>]+>", "", page)
    assert "Platinum" in page and 'role="img"' in page


def test_the_drawing_stays_within_itself_and_escapes() -> None:
    bars = [
        Bar("<Gold>", "#b8944f", date(2020, 1, 1), date(2022, 3, 1), "a & b"),
        Bar("Low", "#51606f", date(2022, 3, 1), date(2030, 1, 1), "c", True),
    ]
    drawn = spans_drawn(bars, ["<Gold>", "Low"], date(2026, 6, 15), ("t", "d", "today"))
    assert "<Gold>" not in drawn and "&lt;Gold&gt;" in drawn and "a &amp; b" in drawn and "foreseen" in drawn
    for x, width in re.findall(r'<rect[^>]* x="(\d+)"[^>]* width="(\d+)"', drawn):
        assert int(x) >= 88 and int(x) + int(width) <= 400
    lone = spans_drawn([Bar("A", "#000000", date(2026, 1, 1), date(2026, 1, 2), "a")], ["A"], date(2026, 1, 1), ("t", "d", "n"))
    assert lone.count("<rect") == 1


CHOICE = """
  - id: gifts
    name: {en: Gift of the year, zh_Hans: 礼物, zh_Hant: 禮物}
    at: {qualifying_miles: 10000}
    choice:
      pick: 1
      by: {days: 30}
      options:
        miles: [{unit: miles, amount: 5000}]
        upgrade: [{instrument: grand_upgrade, amount: 1}]
      default: miles
"""


def config_with(folder: Path, source: Path) -> Path:
    """Skyway with a milestone that is chosen of, as a program of its own folder."""
    import shutil

    target = folder / "config"
    shutil.copytree(source / "programs" / "skyway", target / "programs" / "skyway")
    ladder = next((target / "programs" / "skyway" / "editions").iterdir()) / "ladder.yaml"
    text = ladder.read_text(encoding="utf-8").replace("milestones:\n", "milestones:" + CHOICE, 1)
    ladder.write_text(text, encoding="utf-8")
    return target


def test_a_choice_is_made_once_and_refused_beside_the_form(deploy: Deploy, tmp_path: Path) -> None:
    from tests.conftest import ROOT

    portal = Portal(deploy("skyway", config_with(tmp_path, ROOT / "config")))
    member, other = portal.enrol("M"), portal.enrol("OTHER")
    fly(portal, "M", "k", "2026-06-01", 9000)
    client = portal.client(member)
    assert "Choose: Gift of the year" in client.get("/").text
    page = client.get("/status").text
    given = {name: re.findall(f'name="{name}" value="([^"]*)"', page)[0] for name in ("milestone", "window_of", "key")}
    refused = send(client, "/status/choose", {**given, "option": "gold bars"})
    assert refused.status_code == 422 and "gold bars" in refused.text and 'role="alert"' in refused.text
    assert send(portal.client(other), "/status/choose", {**given, "option": "miles"}).status_code == 422
    for _ in range(2):  # the same form sent twice counts once
        answer = send(client, "/status/choose", {**given, "option": "upgrade"})
        assert answer.status_code == 303 and answer.location == "/status#choices"
    with portal.deployment.store.reading() as session:
        rows = session.scalars(select(StatusAward).where(StatusAward.name == "gifts")).all()
        assert [row.chosen.count('"upgrade"') for row in rows] == [1]
    page = client.get("/status").text
    assert "Your choice is noted." in page and "Chosen already: upgrade" in page and 'name="option"' not in page
    assert client.post("/status/choose", data=given).status_code == 400  # a form that is not ours
