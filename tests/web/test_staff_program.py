"""The program desk: editions in words, drafts checked and tried, published by two, in force for every process."""

import csv
import io
import re
import signal
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from loyalty.errors import Refused
from loyalty.insight.trial_tables import DraftTrial, TrialMove, TrialPart, TrialScenario
from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.published.tables import DraftFile, EditionDraft, PublishedEdition
from loyalty.published.upload import MOST_BYTES, MOST_SENT
from loyalty.settle import settle
from loyalty.status.queries import lock_numbers
from tests.conftest import NOON
from tests.insight.test_backtest import DAY, MILES, night, populated, tiers
from tests.web.console import Console, post
from tests.web.program_desk import drafted, easier, edition, few_scenarios, proposed, run, sent, tried, zipped
from tests.web.test_frame import Deploy


@pytest.fixture
def console(deploy: Deploy, tmp_path: Path) -> Console:
    return Console(deploy("skyway", few_scenarios(tmp_path / "config")))


@pytest.fixture(autouse=True)
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs.stretches, "__defaults__", (4,))


def other_process(console: Console) -> Deployment:
    """A process of its own on the same database."""
    other = Deployment(console.deployment.settings)
    other.__dict__["store"] = console.deployment.store
    return other


def count(console: Console, table: Any) -> int:
    with console.deployment.store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def shown(page: str) -> str:
    """What a trial came to, on its page."""
    return page[page.index('id="who"') : page.index("</main>")]


def approve(console: Console, who: str, number: int = 1) -> Any:
    client = console.staff(who, "loyalty_manager")
    return post(client, f"/staff/approvals/{number}", {"decision": "approve", "why": "read and agreed"})


def test_a15_what_a_trial_tells_is_what_publishing_by_two_then_does(console: Console) -> None:
    populated(console.deployment, MILES)
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    page = manager.get(f"/staff/program/drafts/{draft}").text
    assert "Gold: reach with" in page and "50,000" in page and "45,000" in page
    trial = tried(console, manager, draft)
    told = manager.get(f"/staff/program/trials/{trial}").text
    assert re.search(r"<dt>rise</dt><dd class=\"figure\">2</dd>", told)
    assert 'class="flow rises"' in told and "Silver to Gold: 2" in told
    assert "1 does not hold" in told and "From June 20 on forty-five thousand miles are Silver" in told
    assert "expected silver, found gold" in told
    moves = list(csv.DictReader(io.StringIO(manager.get(f"/staff/program/trials/{trial}/moves.csv").text)))
    before = tiers(console.deployment, DAY)
    answer = proposed(manager, draft)
    assert answer.location == "/staff/approvals/1"
    own = post(manager, "/staff/approvals/1", {"decision": "approve"})
    assert own.status_code == 403 and count(console, PublishedEdition) == 1
    assert approve(console, "second").status_code == 303
    assert count(console, PublishedEdition) == 2
    published = other_process(console)
    assert [one.name for one in published.program.editions] == ["2020-01-01", "2026-06-20"]
    assert night(published, DAY - timedelta(days=1)).changes == 0
    assert night(published, DAY).changes == 2
    after = tiers(published, DAY)
    assert {move["number"]: (move["now"], move["then"]) for move in moves} == {
        number: (before[number], tier) for number, tier in after.items() if tier != before[number]
    }
    (line,) = console.lines("program.publish")
    old, new = (one.hash for one in published.program.editions)
    assert old in line.what and new in line.what and "loyalty_manager@house.example" in line.what
    assert (line.actor, line.reason) == ("second@house.example", "decided by the board")
    # what the trial told stands on its page as before
    again = manager.get(f"/staff/program/trials/{trial}").text
    assert shown(again) == shown(told)
    assert "published</span>" in manager.get(f"/staff/program/drafts/{draft}").text


def test_every_process_knows_what_was_published_without_being_started_again(console: Console) -> None:
    others = [other_process(console) for _ in range(2)]
    for other in others:
        other.look(console.now)
        assert len(other.program.editions) == 1
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    tried(console, manager, draft)
    proposed(manager, draft)
    approve(console, "second")
    assert manager.get("/staff/program/editions/2026-06-20").status_code == 200  # this one at once
    assert manager.get("/program/tiers?from=2026-06-20").status_code in (200, 302)
    others[0].look(console.now)
    assert len(others[0].program.editions) == 1  # it has just looked
    console.later(seconds=61)
    with console.heard() as statements:
        for _ in range(5):
            others[0].look(console.now)
    assert len(others[0].program.editions) == 2 and len(statements) < 8
    # one that starts with the files alone, and a job of one that did not look
    assert others[1].ready(console.now).program.editions[1].hash == others[0].program.editions[1].hash


def test_an_edition_from_a_draft_cannot_be_replaced_by_files(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    tried(console, manager, draft)
    proposed(manager, draft)
    approve(console, "second")
    folder = console.deployment.program.folder / "editions" / "2026-06-20"
    folder.mkdir()
    for name, text in easier().items():
        (folder / name).write_text(text, encoding="utf-8")
    assert len(other_process(console).ready(console.now).program.editions) == 2  # the same rules may stand in a folder
    (folder / "ladder.yaml").write_text(easier(40_000)["ladder.yaml"], encoding="utf-8")
    with pytest.raises(Refused) as refusal:
        other_process(console).ready(console.now)
    assert refusal.value.code == "edition_changed"


@pytest.mark.parametrize(
    ("begins", "trial", "said"),
    [
        ("2026-06-15", "", "Allowed: June 16, 2026 or later"),  # today
        ("2025-01-01", "", "Allowed: June 16, 2026 or later"),
        ("2026-06-20", None, "is first to be tried from June 20, 2026 on"),
        ("2026-06-20", "2026-03-01", "is first to be tried from June 20, 2026 on"),  # as if it began on another day
    ],
)
def test_what_is_not_ready_is_not_published(console: Console, begins: str, trial: str | None, said: str) -> None:
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier(), begins)
    if trial is not None:
        tried(console, manager, draft, trial)
    assert said in manager.get(f"/staff/program/drafts/{draft}").text
    answer = proposed(manager, draft)
    assert answer.status_code == 422 and said in answer.text
    assert manager.get("/staff/approvals/1").status_code == 404


def test_what_was_published_meanwhile_stops_an_approval(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    first, same_day, later = (drafted(manager, easier(least), begins) for least, begins in (
        (45_000, "2026-06-20"), (44_000, "2026-06-20"), (43_000, "2026-07-01")))  # fmt: skip
    for number, draft in enumerate((first, same_day, later), 1):
        tried(console, manager, draft)
        assert proposed(manager, draft).location == f"/staff/approvals/{number}"
    assert approve(console, "second", 1).status_code == 303
    taken = approve(console, "second", 2)
    assert taken.status_code == 422 and "published already. Allowed: another day" in taken.text
    stale = approve(console, "second", 3)  # its trial was against other editions
    assert stale.status_code == 422 and "is first to be tried from July 1, 2026 on" in stale.text
    assert count(console, PublishedEdition) == 2
    tried(console, manager, later)
    assert approve(console, "second", 3).status_code == 303
    # on its eve it is too late, for not every process would know it
    late = drafted(manager, easier(42_000), "2026-06-18")
    tried(console, manager, late)
    proposed(manager, late)
    console.now = NOON.replace(day=18, hour=5, minute=51)  # 00:51 in Chicago, on the day
    client = console.staff("third", "loyalty_manager")
    refused = post(client, "/staff/approvals/4", {"decision": "approve"})
    assert refused.status_code == 422 and "Allowed: June 19, 2026 or later" in refused.text


def test_a_proposal_counts_once_and_its_reason_is_asked_for(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    tried(console, manager, draft)
    assert proposed(manager, draft, " ").status_code == 422
    data = {"reason": "why", "key": "one key"}
    answers = [post(manager, f"/staff/program/drafts/{draft}/publish", data) for _ in range(2)]
    assert [answer.location for answer in answers] == ["/staff/approvals/1"] * 2
    assert approve(console, "second").status_code == 303
    assert post(manager, f"/staff/program/drafts/{draft}/publish", data).location == "/staff/approvals/1"
    page = manager.get("/staff/approvals/1").text
    assert f"/staff/program/drafts/{draft}" in page and "approved" in page


def test_a_draft_is_kept_once_as_it_was_sent(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    texts = easier()
    draft = drafted(manager, texts, key="k")
    assert drafted(manager, texts, key="k") == draft
    assert sent(manager, [("e.zip", zipped(easier(1000)))], key="k").status_code == 409
    beside = sent(manager, [(name, text.encode()) for name, text in texts.items()])
    assert beside.status_code == 303 and count(console, EditionDraft) == 2
    in_folder = sent(manager, [("e.zip", zipped({**texts, ".DS_Store": ""}, "2026-06-20/"))])
    assert in_folder.status_code == 303
    packed = manager.get(f"/staff/program/drafts/{draft}/edition.zip")
    with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
        assert {name.partition("/")[2]: archive.read(name).decode() for name in archive.namelist()} == texts
    assert [line.actor for line in console.lines("program.draft")] == ["loyalty_manager@house.example"] * 3
    same = sent(manager, [("e.zip", zipped(edition()))], "2020-01-01")
    assert same.status_code == 422 and "is published already" in same.text


def encrypted() -> bytes:
    content = bytearray(zipped({"units.yaml": "x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    return bytes(content)


def linking() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("units.yaml")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return packed.getvalue()


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("units.yaml", "#" * (MOST_BYTES * 40))
    return packed.getvalue()


def changed(file: str, text: str, other: str) -> list[tuple[str, bytes]]:
    return [("e.zip", zipped(edition((file, text, other))))]


BAD = {
    "no file": ([], "Field files is missing"),
    "no ZIP": ([("e.zip", b"PK nothing")], "e.zip: it cannot be opened"),
    "a path": ([("e.zip", zipped({"../units.yaml": "x"}))], "../units.yaml: a path is refused"),
    "an absolute path": ([("e.zip", zipped({"/etc/units.yaml": "x"}))], "/etc/units.yaml: a path is refused"),
    "folders": ([("e.zip", zipped({"a/units.yaml": "x", "b/ladder.yaml": "x"}))], "several folders"),
    "a link": ([("e.zip", linking())], "units.yaml: a link is refused"),
    "encrypted": ([("e.zip", encrypted())], "units.yaml: it is encrypted"),
    "a bomb": ([("e.zip", bomb())], "units.yaml: it is too large"),
    "an unknown file": ([("laddr.yaml", b"x")], "laddr.yaml: no edition has such a file"),
    "no UTF-8": ([("units.yaml", b"a: b\nc: \xff\n")], "units.yaml:2: this is no UTF-8 text"),
    "twice": ([("units.yaml", b"x"), ("units.yaml", b"x")], "units.yaml: it is there twice"),
    "a file is missing": ([("e.zip", zipped({"units.yaml": "x"}))], "2026-06-20/ladder.yaml:1:1"),
    "a misspelt counter": (changed("ladder.yaml", "qualifying_miles: 50000", "qualifying_mile: 1"), "2026-06-20/ladder.yaml:"),
    "a float": (changed("ladder.yaml", "qualifying_miles: 50000", "qualifying_miles: 50000.5"), "found the float 50000.5"),
    "a tag": (changed("units.yaml", "units:", "units: !!python/object/apply:os.system"), "the tag !!python/object/apply"),
    "an alias": (changed("units.yaml", "units:", "units: &a"), "an alias"),
    "no YAML": (changed("units.yaml", "units:", "units: ["), "this is not YAML"),
    "a key twice": (changed("units.yaml", "units:", "units: {}\nunits:"), "the key units stands twice; first in line"),
    "control characters": ([("e.zip", zipped(edition() | {"units.yaml": "a\x00b"}))], "control characters are not allowed"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_upload_is_refused_with_its_place_and_nothing_is_kept(console: Console, kind: str) -> None:
    files, said = BAD[kind]
    answer = sent(console.staff("loyalty_manager"), files, note="kept as typed")
    assert answer.status_code == 422, answer.text
    assert said in answer.text.replace("&#39;", "'").replace("&lt;", "<"), answer.text
    assert 'value="kept as typed"' in answer.text
    assert count(console, EditionDraft) == count(console, DraftFile) == 0 and console.lines("program.draft") == []


def test_what_is_far_too_large_is_not_even_read(console: Console) -> None:
    told = {"CONTENT_LENGTH": str(MOST_SENT + 1)}
    client = console.staff("loyalty_manager")
    data = {"files": (io.BytesIO(b"x"), "e.zip")}
    form = {"content_type": "multipart/form-data", "environ_overrides": told}
    answer = post(client, "/staff/program/drafts/new", data, **form)
    assert answer.status_code == 413 and "This is too large" in answer.text
    other = post(console.staff("loyalty_manager"), "/staff/program/scenarios", {"x": "x" * (300 * 1024)})
    assert other.status_code == 413  # only where files are sent is more taken than elsewhere


def test_bad_days_and_notes_are_told(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    good = [("e.zip", zipped(easier()))]
    for begins, note, said in (
        ("soon", "n", "found 'soon'"),
        ("2019-12-31", "n", "begins on January 1, 2020"),
        ("2026-06-20", " ", "Say why"),
    ):
        answer = sent(manager, good, begins, note)
        assert answer.status_code == 422 and said in answer.text.replace("&#39;", "'")


def test_one_trial_at_a_time_and_it_can_be_stopped(console: Console) -> None:
    populated(console.deployment, MILES)
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    trial = f"/staff/program/drafts/{draft}/trials"
    first = post(manager, trial)
    assert post(manager, trial).status_code == 409 and post(manager, "/staff/program/scenarios").status_code == 409
    page = manager.get(first.location).text
    assert "0 of 0 scenarios played" in page and "Stop it" in page
    assert post(manager, f"{first.location}/stop").status_code == 303
    assert post(manager, f"{first.location}/stop").status_code == 409
    assert run(console).items == 0 and count(console, TrialMove) == 0
    assert "stopped" in manager.get(first.location).text
    answer = proposed(manager, draft)
    assert answer.status_code == 422 and "is first to be tried" in answer.text
    tried(console, manager, draft)


def test_a_draft_that_cannot_be_tried_ends_its_trial_with_the_reason(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    post(manager, f"/staff/program/drafts/{draft}/trials")
    scenarios = console.deployment.program.folder / "scenarios" / "gold.yaml"
    scenarios.write_text("scenario: {", encoding="utf-8")
    assert run(console).status == "done"
    page = manager.get("/staff/program/trials/1").text
    assert "failed" in page and "scenarios/gold.yaml:2" in page
    assert post(manager, f"/staff/program/drafts/{draft}/trials").status_code == 303  # the way is free again


KILLED = """
import loyalty.jobs.runs as runs
runs.stretches.__defaults__ = (4,)
import sys, time
from datetime import datetime
from loyalty.jobs import trials
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.settings import Settings
url, config, now = sys.argv[1:]
now = datetime.fromisoformat(now)
deployment = Deployment(Settings(database_url=url, config=config))
def progress(done, total):
    print(done, total, flush=True)
    time.sleep(0.05)
trials.trials(deployment, RunKey("trials", now, deployment.today(now)), now, 1, progress)
"""


def test_a_killed_trial_goes_on_where_it_stopped(console: Console, database_url: str) -> None:
    populated(console.deployment, MILES * 6)
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    post(manager, f"/staff/program/drafts/{draft}/trials")
    words = [sys.executable, "-c", KILLED, database_url, console.deployment.settings.config, console.now.isoformat()]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        done, total = map(int, line.split())
        if total == 18 and done >= 3:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    time.sleep(0.1)
    with console.deployment.store.reading() as session:
        parts = {row.n: row.done_at for row in session.scalars(select(TrialPart))}
        assert session.scalars(select(DraftTrial.state)).one() == "running"
        assert 3 <= sum(done is not None for done in parts.values()) < 18
        assert None not in session.scalars(select(TrialScenario.holds)).all()
    page = manager.get("/staff/program/trials/1").text
    assert f"{sum(done is not None for done in parts.values())} of 18 stretches of members tried" in page
    console.later(minutes=5)
    assert run(console).items == len(MILES) * 6
    with console.deployment.store.reading() as session:
        again = {row.n: row.done_at for row in session.scalars(select(TrialPart))}
        assert all(again[n] == done for n, done in parts.items() if done is not None)  # done once
        assert session.scalar(select(func.count()).select_from(TrialMove)) == 12
        assert session.scalars(select(DraftTrial.state)).one() == "done"
    assert 'figure">12</dd>' in manager.get("/staff/program/trials/1").text


def test_several_processes_come_to_the_same(console: Console) -> None:
    populated(console.deployment, MILES * 2)
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    results = []
    for workers in (1, 2):
        post(manager, f"/staff/program/drafts/{draft}/trials")
        run(console, workers)
        with console.deployment.store.reading() as session:
            results.append(session.scalars(select(DraftTrial.result).order_by(DraftTrial.trial_id.desc())).first())
    assert results[0] == results[1] != ""


def test_a_trial_that_was_begun_before_another_edition_came_starts_anew(console: Console) -> None:
    populated(console.deployment, MILES)
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier(), "2026-07-01")
    post(manager, f"/staff/program/drafts/{draft}/trials")
    with console.deployment.store.transaction() as session:
        row = session.get_one(DraftTrial, 1)
        row.state, row.parts, row.base = "running", 1, "of others"
        session.flush()
        session.add(TrialPart(trial_id=1, n=0, first=1, last=1, done_at=NOON, result="{}"))
    assert run(console).items == len(MILES)
    assert count(console, TrialPart) == 3


def test_the_scenarios_of_what_is_published_are_played(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    assert "not played from here yet" in manager.get("/staff/program").text
    trial = post(manager, "/staff/program/scenarios").location
    run(console)
    page = manager.get(f"{trial}?scenarios=all").text
    assert "2 of 2 hold" in page and "Fifty thousand miles reach Gold" in page
    assert "2 of 2 hold" in manager.get("/staff/program").text


def test_editions_and_drafts_are_told_checked_and_compared(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    never = edition(("ladder.yaml", "qualifying_miles: 75000", "qualifying_miles: 24000"))
    draft = drafted(manager, never)
    page = manager.get("/staff/program").text
    assert "in force" in page and f"/staff/program/drafts/{draft}" in page
    told = manager.get("/staff/program/editions/2020-01-01").text
    assert "50,000" in told and "All rules of the ladder" in told and "Benefits by category and tier" in told
    suspicious = manager.get(f"/staff/program/drafts/{draft}").text
    found = re.search(r"2026-06-20/ladder\.yaml:(\d+):\d+", suspicious)
    assert found is not None
    assert manager.get(f"/staff/program/editions/draft-{draft}").status_code == 200
    changes = manager.get(f"/staff/program/compare?before=2020-01-01&after=draft-{draft}").text
    assert "75,000" in changes and "24,000" in changes
    same = manager.get("/staff/program/compare?before=2020-01-01&after=2020-01-01").text
    assert "No rule differs." in same
    gone = (
        "editions/2019-01-01", "editions/draft-99", "editions/draft-x", "compare?before=2020-01-01&after=x", "compare",
        "drafts/99", "drafts/99/edition.zip", "trials/99", "trials/99/moves", "trials/99/moves.csv",
    )  # fmt: skip
    for address in gone:
        assert manager.get(f"/staff/program/{address}").status_code == 404, address
    assert post(manager, "/staff/program/drafts/99/publish", {"reason": "r", "key": "k"}).status_code == 404


def test_who_moves_is_paged_and_told_in_the_language_of_the_page(console: Console) -> None:
    populated(console.deployment, [46_000] * 60 + [10_000])
    manager = console.staff("loyalty_manager")
    trial = tried(console, manager, drafted(manager, easier()))
    address = f"/staff/program/trials/{trial}/moves"
    first = manager.get(address).text
    assert first.count("<tr>") == 51 and "46,000 of 45,000 qualifying miles" in first
    more = re.search(r'href="([^"]+after=[^"]+)"', first)
    assert more is not None
    second = manager.get(more[1].replace("&amp;", "&")).text
    assert second.count("<tr>") == 11 and "M059" in second and "M010" not in second
    assert "Nobody moves so." in manager.get(f"{address}?move=fall").text
    chinese = manager.get(address, headers={"Accept-Language": "zh-CN"}).text
    assert "46,000" in chinese and "qualifying miles" not in chinese
    assert console.staff("administrator").get(address).status_code == 403  # a member's tier is the member's


def test_pages_take_as_many_statements_whatever_there_is(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    populated(console.deployment, [46_000, 10_000])
    draft = drafted(manager, easier())
    tried(console, manager, draft)
    found: list[list[int]] = []
    pages = ("/staff/program", f"/staff/program/drafts/{draft}", "/staff/program/trials/{}", "/staff/program/trials/{}/moves")
    for trial in (1, 2):
        if trial == 2:
            for n in range(12):
                drafted(manager, easier(40_000 + n))
            with console.deployment.store.transaction() as session:
                session.add_all(
                    TrialMove(trial_id=1, number=f"X{n}", move="rise", now="silver", then="gold", source="earned",
                              evidence='{"edition":"2026-06-20","needs":[],"totals":{},"window":2026}')
                    for n in range(40)
                )  # fmt: skip
        for page in pages:
            manager.get(page.format(1))
        counts = []
        for page in pages:
            with console.heard() as statements:
                assert manager.get(page.format(1)).status_code == 200
            counts.append(len(statements))
        found.append(counts)
    assert found[0] == found[1] and max(found[0]) < 20, found


def test_earning_otherwise_is_judged_again_and_what_is_given_is_told_on_both_sides(console: Console) -> None:
    populated(console.deployment, [80_000, 90_000])
    manager = console.staff("loyalty_manager")
    line = "      - percent: {table: class_qualifying}\n"
    texts = edition(("earning.yaml", line, f"{line}      - percent: 200\n"))
    trial = tried(console, manager, drafted(manager, texts, "2026-03-01"))
    page = manager.get(f"/staff/program/trials/{trial}").text
    assert "The draft earns otherwise: 0 activities were judged again" in page


def test_roles_say_who_tries_and_who_asks(console: Console) -> None:
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    tried(console, manager, draft)
    agent, auditor = console.staff("agent"), console.staff("auditor")
    assert agent.get(f"/staff/program/drafts/{draft}").status_code == 200
    assert "Your roles do not let you publish." in agent.get(f"/staff/program/drafts/{draft}").text
    for client in (agent, auditor, console.staff("supervisor"), console.staff("administrator")):
        assert post(client, f"/staff/program/drafts/{draft}/publish", {"reason": "r", "key": "k"}).status_code == 403
        assert post(client, f"/staff/program/drafts/{draft}/trials").status_code == 403
        assert sent(client, [("e.zip", zipped(easier()))], key="k").status_code == 403
    proposed(manager, draft)
    supervisor = console.staff("supervisor")
    assert post(supervisor, "/staff/approvals/1", {"decision": "approve"}).status_code == 403
    # a second step that is not fresh is asked for before it is approved
    second = console.staff("second", "loyalty_manager")
    console.later(minutes=11)
    assert post(second, "/staff/approvals/1", {"decision": "approve"}).location.startswith("/staff/code")
    assert count(console, PublishedEdition) == 1


def test_who_may_publish_without_asking_asks_all_the_same(console: Console) -> None:
    roles = console.deployment.roles
    wide = {**roles.file.roles["loyalty_manager"].may, "program.publish": None}
    role = roles.file.roles["loyalty_manager"].model_copy(update={"may": wide})
    file = roles.file.model_copy(update={"roles": {**roles.file.roles, "loyalty_manager": role}})
    console.deployment.__dict__["roles"] = replace(roles, file=file)
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    tried(console, manager, draft)
    assert proposed(manager, draft).location == "/staff/approvals/1"
    assert count(console, PublishedEdition) == 1


def test_everyone_is_folded_on_the_first_day_also_who_was_folded_by_the_old_rules_since(console: Console) -> None:
    """A process that has not looked yet folds a member by what it knows, and so forgets the day of the new rules."""
    populated(console.deployment, MILES)
    manager = console.staff("loyalty_manager")
    draft = drafted(manager, easier())
    tried(console, manager, draft)
    proposed(manager, draft)
    stale = other_process(console)
    assert len(stale.program.editions) == 1
    approve(console, "second")
    with console.deployment.store.transaction() as session:
        settle(session, stale.program, list(lock_numbers(session, ["M005", "M006"]).values()), console.now)
    assert night(other_process(console), DAY).changes == 2
