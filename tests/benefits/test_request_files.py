"""Services and requests by file and by command."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loyalty.cli import main
from loyalty.jobs.imports import Job, run_import
from loyalty.jobs.taking import Tally
from loyalty.members.mapping import load_mapping
from tests.benefits.cabin import Cabin, Deploy, at, cabin
from tests.jobs import orbit

FLIGHTS = """
program: orbit
services:
  key: [flight, day]
  starts: {column: departs, format: "%d.%m.%Y %H:%M"}
  zone: {column: zone, empty: ["", "-"]}
  units: {first: seats}
  fields: {number: flight}
"""
ASKED = """
program: orbit
requests:
  source: desk
  key: [id]
  member: member
  service: [flight, day]
  from_class: {column: cabin, values: {Y: economy, PY: comfort}}
  to_class: {column: wanted, values: {F: first}}
  companions: {column: with, empty: ["", "-"]}
  requested: {column: at, empty: [""]}
  fields: {fare: {column: fare, empty: ["?"]}}
"""
SEATS = """flight,day,departs,zone,seats
SK1,0610,10.06.2026 18:00,Europe/Paris,1
SK2,0610,10.06.2026 20:00,-,0
SK3,0610,soon,,1
SK4,0610,10.06.2026 20:00,Mars/Base,1
SK5,0610,10.06.2026 20:00,,many
"""
QUEUE = """id,member,flight,day,cabin,wanted,with,at,fare
1,G,SK1,0610,Y,F,-,2026-06-01 12:00,W
2,K,SK1,0610,Y,F,ann,2026-06-01 11:00,Y
3,K,SK2,0610,Y,F,G,,M
4,N9,SK1,0610,Y,F,-,,W
5,G,SK9,0610,Y,F,-,,W
6,G,SK2,0610,Y,F,ann;bob,,W
"""


@pytest.fixture
def here(deploy: Deploy, tmp_path: Path) -> Cabin:
    found = cabin(deploy, tmp_path)
    found.member("G", "gold")
    found.member("K", "1k")
    for name, text in (("orbit-flights", FLIGHTS), ("orbit-asked", ASKED)):
        (tmp_path / "config" / "imports" / f"{name}.yaml").write_text(text)
    return found


def imported(here: Cabin, folder: Path, name: str, text: str, now: str, dry: bool = False, chunk: int = 5000) -> Tally:
    path = folder / f"{name}.csv"
    path.write_text(text)
    mapping = load_mapping(folder / "config" / "imports", name)
    job = Job(name, mapping, path, folder / f"{name}.rejects", dry)
    return run_import(here.deployment, job, at(now), lambda _done: None, chunk)


def rejected(folder: Path, name: str) -> dict[int, str]:
    lines = (folder / f"{name}.rejects").read_text().splitlines()
    return {one["row"]: one["code"] for one in map(json.loads, lines)}


@pytest.mark.parametrize("chunk", [1, 2, 5000])
def test_services_and_requests_come_in_once(here: Cabin, tmp_path: Path, chunk: int) -> None:
    told = imported(here, tmp_path, "orbit-flights", SEATS, "2026-06-01 12:00", dry=True)
    assert (told.posted, told.rejected) == (2, 3)
    told = imported(here, tmp_path, "orbit-flights", SEATS, "2026-06-01 12:00", chunk=chunk)
    assert (told.read, told.posted, told.rejected) == (5, 2, 3)
    assert rejected(tmp_path, "orbit-flights") == {3: "bad_row", 4: "bad_row", 5: "bad_units"}
    assert here.service("SK1|0610").starts_at == at("2026-06-10 16:00")
    again = imported(here, tmp_path, "orbit-flights", SEATS, "2026-06-01 12:00", chunk=chunk)
    assert (again.posted, again.repeated) == (0, 2)

    asked = imported(here, tmp_path, "orbit-asked", QUEUE, "2026-06-02 12:00", chunk=chunk)
    assert (asked.read, asked.posted, asked.rejected) == (6, 4, 2)
    assert rejected(tmp_path, "orbit-asked") == {4: "unknown_member", 5: "unknown_service"}
    # 1K with a fare that is upgraded at once, but for two; a party of three is one too many for Gold
    assert here.states() == {"1": "pending", "2": "waitlisted", "3": "waitlisted", "6": "refused"}
    again = imported(here, tmp_path, "orbit-asked", QUEUE, "2026-06-02 12:00", chunk=chunk)
    assert (again.posted, again.repeated, again.rejected) == (0, 4, 2)

    more = SEATS.replace("Europe/Paris,1", "Europe/Paris,2").replace("10.06.2026 20:00,-,0", "11.06.2026 20:00,-,0")
    told = imported(here, tmp_path, "orbit-flights", more, "2026-06-03 12:00", chunk=chunk)
    assert (told.posted, told.rejected) == (2, 3)
    assert here.states() == {"1": "pending", "2": "cleared", "3": "waitlisted", "6": "refused"}
    assert here.service("SK2|0610").starts_at == at("2026-06-11 20:00")


def test_by_hand_from_the_first_word_to_the_last(here: Cabin, tmp_path: Path) -> None:
    def asked(*arguments: str) -> Result:
        return CliRunner(env=orbit.environment(here.deployment)).invoke(main, arguments, catch_exceptions=False)

    def do(*arguments: str) -> str:
        answer = asked(*arguments)
        assert answer.exit_code == 0, (arguments, answer.stderr)
        return answer.stdout

    who = ("--author", "desk")
    told = ("services", "add", "SK1", "--starts", "2026-06-10 18:00", "--units", "first=1", "--field", "number=1", *who,
            "--at", "2026-03-15 12:00")  # fmt: skip
    assert do(*told) == "Recorded.\n" and do(*told) == "Recorded already; nothing changed.\n"
    at_nine = ("--at", "2026-06-09 09:00")
    ask = ("requests", "ask", "K", "SK1", "economy", "first", *who, *at_nine)
    assert do(*ask, "--key", "k", "--field", "fare=W", "--guest", "Ann") == (
        "k: waitlisted. It may be confirmed and stands in the queue the others. 2 units are needed, 1 are left.\n"
    )
    out = do("requests", "ask", "G", "SK1", "economy", "first", "--key", "g", "--field", "fare=W", *who, *at_nine)
    assert out == "g: confirmed. Given at once.\n"
    shown = do("requests", "show", "SK1", *at_nine)
    assert "first: 0 of 1 units left" in shown
    lines = [line.split() for line in shown.splitlines() if line.strip().startswith(("1 ", "2 "))]
    assert [line[1:3] for line in lines] == [["k", "K"], ["g", "G"]]
    assert "2 units are needed, 1 are left." in shown
    change = ("services", "change", "SK1", "--units", "first=3", "--key", "c", "--reason", "larger", *who, *at_nine)
    assert do(*change) == "Recorded.\n"
    (mine,) = json.loads(do("requests", "of", "K", "--json"))
    assert (mine["state"], [line["state"] for line in mine["log"]]) == ("cleared", ["waitlisted", "cleared"])
    assert do("requests", "cancel", "K", "k", "--source", "command", "--reason", "visa", "--give-back", *who, *at_nine) == (
        "k: cancelled. The unit was given back by staff: visa.\n"
    )
    assert "1 of 3" not in do("requests", "show", "SK1", *at_nine)
    assert do("requests", "withdraw", "G", "g", *who, *at_nine) == "g: cancelled. Cancelled by the member.\n"
    assert do("requests", "clear", *at_nine) == "0 windows opened; 0 requests changed.\n"
    cancel = ("services", "cancel", "SK1", "--key", "x", "--reason", "snow", *who, *at_nine)
    assert do(*cancel) == "Recorded.\n"
    assert json.loads(do("services", "show", "SK1", "--json"))["state"] == "cancelled"
    assert "SK1" in do("services", "list", "--from", "2026-06-10")
    answer = asked(*cancel[:3], "--key", "y", "--reason", "again", *who, *at_nine)
    assert (answer.exit_code, answer.stderr) == (2, "Service 'SK1' is cancelled.\n")
