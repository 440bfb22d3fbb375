"""Facts made deliveries: which, in which order, from when on; nothing lost when a transaction commits late, nothing twice."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, select, text

from loyalty.cli.webhook_deliveries import _facts_again
from loyalty.earning.operations import Report, correct, reverse
from loyalty.jobs import imports
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.jobs.trim import trim
from loyalty.members.mapping import load_mapping
from loyalty.members.operations import leave
from loyalty.members.tables import Announcing
from loyalty.messages import webhook_announcing
from loyalty.messages.webhook_announcing import AGAIN, put_failed_in_line, put_in_line
from loyalty.messages.webhook_operations import change
from loyalty.messages.webhook_tables import WebhookAttempt, WebhookDelivery
from loyalty.messages.webhooks import TYPES, DeliveryId
from loyalty.settle import settle
from loyalty.store import Store
from tests.benefits import cabin
from tests.conftest import ROOT
from tests.jobs import orbit
from tests.messages.receiver import (
    BY,
    Receiver,
    always,
    announced,
    both,
    deliveries,
    local,
    receiving,
    sent_out,
    silent,
    told,
)
from tests.status import given

Deploy = Callable[..., Deployment]
NOW = orbit.noon("2026-06-15")
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def deployment(deploy: Deploy, tmp_path: Path) -> Iterator[Deployment]:
    """Orbit with milestones, a choice and deposits, and member M, settled on January 1."""
    found = local(given.deployed(deploy, tmp_path, given.ALL))
    yield found
    found.store.close()


def types(deployment: Deployment) -> list[str]:
    return [row.type for row in deliveries(deployment)]


def left_to_announce(deployment: Deployment) -> int:
    with deployment.store.reading() as session:
        return orbit.count(session, Announcing)


def corrected(deployment: Deployment, key: str, km: int, now: datetime) -> None:
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        report = Report("trip", "test", key, date(2026, 6, 1), {"km": km})
        correct(session, deployment.program, account, report, "miscounted", now)
        settle(session, deployment.program, [account], now)


# --- a member's days ----------------------------------------------------------------------------------------------


def test_a_members_days_are_told_in_their_order(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, orbit.noon("2026-05-01"))
    orbit.enrolled(deployment, ["N"], "2026-06-01")
    given.night(deployment, "2026-06-01")
    for key, on, km in (("T1", "2026-06-02", 210), ("T2", "2026-06-03", 40)):
        given.flown(deployment, key, on, km)
    assert given.chosen(deployment, "lounge", "2026-06-04")
    corrected(deployment, "T2", 30, orbit.noon("2026-06-05"))
    given.voided(deployment, "T1", "2026-06-06")
    with deployment.store.transaction() as session:
        leave(session, "M", date(2026, 6, 7))
        settle(session, deployment.program, [orbit.locked(session, "M")], orbit.noon("2026-06-07"))
    both(deployment, orbit.noon("2026-06-08"))
    day_by_day: dict[str, list[str]] = {}
    for one in receiver.sent:
        assert set(one.event["data"]) == set(TYPES[one.event["type"]])
        if one.event["data"]["member"] == "M":
            day_by_day.setdefault(one.event["timestamp"][:10], []).append(one.event["type"])
    assert receiver.types("N") == ["member.joined"]
    assert day_by_day["2026-06-02"][:2] == ["activity.posted", "status.raised"]
    assert set(day_by_day["2026-06-02"][2:]) == {"award.given"}
    assert day_by_day["2026-06-03"][0] == "activity.posted"
    assert day_by_day["2026-06-04"][0] == "award.chosen"
    assert day_by_day["2026-06-05"][0] == "activity.corrected"
    assert day_by_day["2026-06-06"][0] == "activity.reversed" and "award.withdrawn" in day_by_day["2026-06-06"]
    assert day_by_day["2026-06-07"][-1] == "member.left"
    numbers = [row.n for row in deliveries(deployment) if row.member_id == 1]
    assert numbers == list(range(1, len(numbers) + 1))


def data(receiver: Receiver, type_: str) -> list[dict[str, Any]]:
    return [one.event["data"] for one in receiver.sent if one.event["type"] == type_]


def test_awards_tell_what_was_given_chosen_and_taken_back(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, orbit.noon("2026-05-01"), "award.*")
    given.flown(deployment, "T1", "2026-06-02", 210)
    both(deployment, orbit.noon("2026-06-02"))
    badge = next(one for one in data(receiver, "award.given") if one["name"] == "badge")
    assert badge["gifts"] == [
        {"instrument": "badge", "amount": "1", "through": None, "on": "2026-06-02"},
        {"unit": "stars", "amount": "1", "on": "2026-06-02"},
    ]  # fmt: skip
    pick = next(one for one in data(receiver, "award.given") if one["name"] == "pick")
    assert (pick["gifts"], pick["choose_by"], pick["on"]) == ([], "2027-01-31", "2026-06-02")
    receiver.forget()
    given.chosen(deployment, "lounge", "2026-06-04", key="secret-key")
    both(deployment, orbit.noon("2026-06-04"))
    (choice,) = data(receiver, "award.chosen")
    assert (choice["option"], choice["by_default"], choice["n"]) == ("lounge", False, pick["n"])
    assert "ann" not in receiver.sent[0].body and "secret-key" not in receiver.sent[0].body  # nothing of who, and why
    receiver.forget()
    given.voided(deployment, "T1", "2026-06-06")
    both(deployment, orbit.noon("2026-06-06"))
    withdrawn = {one["name"] for one in data(receiver, "award.withdrawn")}
    assert {"pick", "boost"} <= withdrawn and "badge" not in withdrawn
    receiver.forget()
    given.night(deployment, "2026-06-07", everyone=True)
    both(deployment, orbit.noon("2026-06-07"))
    assert receiver.sent == []


def test_an_award_taken_back_from_long_ago_is_told_when_it_becomes_known(deployment: Deployment, receiver: Receiver) -> None:
    """As if it had never been: it is withdrawn from February on, in June."""
    orbit.travelled(deployment, "M", "T1", "2026-02-01", 100, orbit.noon("2026-02-01"))
    told(deployment, receiver.url, orbit.noon("2026-06-14"), "award.withdrawn")
    with deployment.store.transaction() as session:
        session.execute(text("UPDATE status_award SET withdrawn_on = awarded_on, withdrawn_at = NULL WHERE name = 'boost'"))
    orbit.travelled(deployment, "M", "T2", "2026-06-14", 1, NOW)
    both(deployment, NOW)
    assert receiver.sent == []  # of before its instant was kept: too long ago
    with deployment.store.transaction() as session:
        session.execute(text("UPDATE status_award SET withdrawn_on = NULL WHERE name = 'boost'"))
    given.voided(deployment, "T1", "2026-06-16")
    both(deployment, orbit.noon("2026-06-16"))
    assert {one["name"] for one in data(receiver, "award.withdrawn")} >= {"steps"}


def test_requests_are_told_state_by_state(deploy: Deploy, tmp_path: Path, receiver: Receiver) -> None:
    deployment = local(deploy("orbit", config=cabin.config(tmp_path / "config")))
    plane = cabin.Cabin(deployment)
    plane.member("A", "gold")
    told(deployment, receiver.url, orbit.noon("2026-03-01"), "request.*")
    plane.flight("F1", "2026-06-10 18:00", first=1)
    plane.ask("A", "F1", "R1", "2026-05-01 12:00")
    both(deployment, cabin.at("2026-05-01 12:00"))
    assert receiver.types() == ["request.pending"]
    assert receiver.sent[0].event["data"] == {
        "member": "A", "source": "test", "key": "R1", "n": 0, "kind": "upgrade",
        "service": {"kind": "flight", "key": "F1", "starts_at": "2026-06-10T18:00:00.000000Z", "zone": "UTC"},
        "from_class": "economy", "to_class": "first", "size": 1, "state": "pending",
        "reason": receiver.sent[0].event["data"]["reason"],
    }  # fmt: skip
    plane.look("2026-06-09 12:00")  # opened by a job that looks at no member
    both(deployment, cabin.at("2026-06-09 12:00"))
    assert receiver.types() == ["request.pending", "request.waitlisted", "request.cleared"]
    plane.act("A", "R1", "cancel", "2026-06-09 13:00")
    both(deployment, cabin.at("2026-06-09 13:00"))
    assert receiver.types()[-1] == "request.cancelled"
    deployment.store.close()


def read_in(deployment: Deployment, folder: Path, name: str, rows: str) -> None:
    path = folder / f"{name}.csv"
    path.write_text(rows)
    mapping = load_mapping(Path(deployment.settings.config) / "imports", name)
    imports.run_import(deployment, imports.Job(name, mapping, path, folder / "rejects"), NOW, lambda _n: None)


def test_activity_from_a_file_is_told_before_the_night_folds_it(
    deployment: Deployment, receiver: Receiver, tmp_path: Path
) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    read_in(deployment, tmp_path, "orbit-trips", "id,number,day,km,what\n1,M,01.03.2026,5,\n2,M,01.03.2026,6,\n2,M,,,return\n")
    both(deployment, NOW)
    assert [(one["key"], one["amounts"][1]["amount"]) for one in data(receiver, "activity.posted")] == [("1", "5"), ("2", "6")]


def test_history_from_a_file_is_told_by_replay(deployment: Deployment, receiver: Receiver, tmp_path: Path) -> None:
    """It was known on the day of the trip, as the mapping says, and that was before the endpoint."""
    told(deployment, receiver.url, NOW, "activity.*")
    read_in(deployment, tmp_path, "orbit-rows", "row,number,day,km\n1,M,2026-06-14,5\n")
    announced(deployment, NOW)
    assert types(deployment) == []
    assert _facts_again(deployment, 1, (date(2026, 6, 14), None), None, BY, NOW) == (1, 0)


# --- from when on -------------------------------------------------------------------------------------------------


def test_an_endpoint_is_told_what_became_known_since_it_was_added(deployment: Deployment, receiver: Receiver) -> None:
    orbit.travelled(deployment, "M", "T1", "2026-06-01", 10, NOW - SECOND)
    told(deployment, receiver.url, NOW, "activity.*")
    orbit.travelled(deployment, "M", "T2", "2026-06-01", 10, NOW)
    both(deployment, NOW)
    assert [one["key"] for one in data(receiver, "activity.posted")] == ["T2"]


def test_a_type_asked_for_later_is_told_from_then_on(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, _ = told(deployment, receiver.url, NOW, "activity.reversed")
    orbit.travelled(deployment, "M", "T1", "2026-06-01", 10, NOW)
    both(deployment, NOW)
    with deployment.store.transaction() as session:
        wanted = ["activity.reversed", "activity.posted"]
        assert change(session, endpoint_id, None, wanted, None, [], BY, NOW + DAY)
        assert not change(session, endpoint_id, None, wanted, None, [], BY, NOW + DAY)
    orbit.travelled(deployment, "M", "T2", "2026-06-01", 10, NOW + DAY)
    given.voided(deployment, "T1", "2026-06-17")
    both(deployment, orbit.noon("2026-06-17"))
    assert [one.event["data"]["key"] for one in receiver.sent] == ["T2", "T1"]


def test_without_an_endpoint_nothing_is_kept(deployment: Deployment) -> None:
    assert left_to_announce(deployment) > 0
    announced(deployment, NOW)
    assert (left_to_announce(deployment), deliveries(deployment)) == (0, [])


# --- nothing lost, nothing twice ----------------------------------------------------------------------------------


def test_a_transaction_that_commits_late_is_not_missed(deployment: Deployment, receiver: Receiver) -> None:
    """It has written its facts, at the same instant as another of the same member's, when the other is announced."""
    if deployment.store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    told(deployment, receiver.url, NOW, "activity.*")
    orbit.enrolled(deployment, ["N"])
    other = Store(deployment.settings.database_url)
    with ExitStack() as late:
        session = late.enter_context(other.transaction())
        orbit.trip(session, deployment, "N", "T1", "2026-06-01", 10, NOW)
        orbit.travelled(deployment, "M", "T2", "2026-06-01", 10, NOW)
        announced(deployment, NOW + HOUR)
        assert len(deliveries(deployment)) == 1
    announced(deployment, NOW + 2 * HOUR)
    assert len(deliveries(deployment)) == 2
    other.close()


@pytest.mark.parametrize("seed", range(4))
def test_made_in_many_passes_or_in_one_it_is_the_same(deployment: Deployment, receiver: Receiver, seed: int) -> None:
    random = Random(seed)
    told(deployment, f"{receiver.url}/often", NOW)
    told(deployment, f"{receiver.url}/once", NOW)
    open_: list[str] = []
    for n in range(12):
        at = NOW + n * HOUR
        if open_ and random.random() < 0.3:
            key = open_.pop(random.randrange(len(open_)))
            with deployment.store.transaction() as session:
                account = orbit.locked(session, "M")
                reverse(session, deployment.program, account, "test", key, "void", at)
                settle(session, deployment.program, [account], at)
        else:
            open_.append(f"T{n}")
            orbit.travelled(deployment, "M", f"T{n}", "2026-06-01", random.randrange(20, 90), at)
        if random.random() < 0.5:
            both(deployment, at)
    both(deployment, NOW + 20 * HOUR)
    with deployment.store.transaction() as session:  # all over again
        session.add(Announcing(member_id=1, note_id=7, noted_at=NOW, look_at=NOW))
    both(deployment, NOW + 21 * HOUR)
    seen = {path: [one.body for one in receiver.sent if one.path == path] for path in ("/hook/often", "/hook/once")}
    assert seen["/hook/often"] == seen["/hook/once"] and len(seen["/hook/once"]) == len(set(seen["/hook/once"])) > 10
    times = [body.split('"timestamp":')[1] for body in seen["/hook/once"]]
    assert times == sorted(times, key=lambda told: told[:29])


def test_killed_at_any_moment_it_goes_on_to_the_same_end(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    numbers = [f"M{n}" for n in range(30)]
    orbit.enrolled(deployment, numbers)
    with deployment.store.transaction() as session:
        for number in numbers:
            orbit.trip(session, deployment, number, f"T {number}", "2026-06-01", 10, NOW)
    code = f"""
import time
import loyalty.jobs.webhooks as webhooks
from tests.messages.receiver import announced
from loyalty.jobs.deployment import Deployment
from loyalty.settings import Settings
from tests.jobs.orbit import noon
webhooks.CHUNK = 3
inner = webhooks.announce_some
def slow(*given):
    done = inner(*given); print(done.made, flush=True); time.sleep(0.05); return done
webhooks.announce_some = slow
settings = Settings("orbit", {deployment.settings.database_url!r}, {deployment.settings.config!r})
announced(Deployment(settings), noon("2026-06-15"))
"""
    for after in (1, 2, 4):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert process.stdout is not None
        for n, _line in enumerate(process.stdout, 1):
            if n >= after:
                process.send_signal(signal.SIGKILL)  # before its transaction commits
                break
        process.communicate(timeout=60)
    announced(deployment, NOW + HOUR)
    assert len(deliveries(deployment)) == 30 and left_to_announce(deployment) == 0
    sent_out(deployment, NOW + HOUR)
    assert len(receiver.sent) == len({one.id for one in receiver.sent}) == 30


def test_a_member_whose_facts_cannot_be_told_stops_no_other_and_is_looked_at_again(
    deployment: Deployment, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    orbit.enrolled(deployment, ["N"])
    for number in ("M", "N"):
        orbit.travelled(deployment, number, f"T {number}", "2026-06-01", 10, NOW)
    inner = webhook_announcing.facts_of

    def failing(program: Any, known: Any) -> Any:
        return inner(program, known) if known.number != "M" else 1 // 0

    with monkeypatch.context() as broken:
        broken.setattr(webhook_announcing, "facts_of", failing)
        result = announced(deployment, NOW)
    assert (result.status, result.failures) == ("failed", {1: "ZeroDivisionError: integer division or modulo by zero"})
    assert len(deliveries(deployment)) == 1
    assert announced(deployment, NOW + AGAIN / 2).items == 0
    announced(deployment, NOW + AGAIN)
    assert len(deliveries(deployment)) == 2 and left_to_announce(deployment) == 0


def test_many_members_take_a_few_statements(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")

    def statements(numbers: list[str]) -> int:
        orbit.enrolled(deployment, numbers)
        with deployment.store.transaction() as session:
            for number in numbers:
                orbit.trip(session, deployment, number, f"T {number}", "2026-06-01", 10, NOW)
        count = 0

        def counted(*_: object) -> None:
            nonlocal count
            count += 1

        event.listen(deployment.store.engine, "before_cursor_execute", counted)
        announced(deployment, NOW + timedelta(minutes=len(numbers)))
        event.remove(deployment.store.engine, "before_cursor_execute", counted)
        return count

    assert statements(["A1"]) == statements([f"B{n}" for n in range(40)]) <= 40


# --- replay -------------------------------------------------------------------------------------------------------


def test_a_delivery_is_sent_again_under_its_id(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, _ = told(deployment, receiver.url, NOW, "activity.*")
    orbit.travelled(deployment, "M", "T1", "2026-06-01", 10, NOW)
    both(deployment, NOW)
    (row,) = deliveries(deployment)
    with deployment.store.transaction() as session:
        assert put_in_line(session, [DeliveryId(row.member_id, endpoint_id, row.fact_id)], NOW + HOUR) == 1
    both(deployment, NOW + HOUR)
    first, second = receiver.sent
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert [row.tries for row in deliveries(deployment)] == [2]


def test_what_was_given_up_since_a_day_is_sent_again(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, _ = told(deployment, receiver.url, NOW, "activity.*")
    orbit.travelled(deployment, "M", "T1", "2026-06-01", 10, NOW)
    receiver.answer = always(500)
    announced(deployment, NOW)
    at = NOW
    while deliveries(deployment)[0].state == "waiting":
        at = max(at, deliveries(deployment)[0].next_at)
        sent_out(deployment, at)
    receiver.answer = always(200)
    with deployment.store.transaction() as session:
        assert put_failed_in_line(session, endpoint_id, at + DAY, at) == 0
        assert put_failed_in_line(session, endpoint_id, at - DAY, at) == 1
    sent_out(deployment, at + SECOND)
    assert deliveries(deployment)[0].state == "delivered" and len({one.id for one in receiver.sent}) == 1


def test_facts_of_a_time_are_sent_also_from_before_the_endpoint_and_again_under_the_same_ids(
    deployment: Deployment, receiver: Receiver
) -> None:
    orbit.enrolled(deployment, ["N"])
    for number in ("M", "N"):
        for month in ("02", "04", "06"):
            on = f"2026-{month}-02"
            orbit.travelled(deployment, number, f"{number}{month}", on, 1, orbit.noon(on))
    told(deployment, receiver.url, orbit.noon("2026-06-01"), "activity.*")
    both(deployment, NOW)
    sent_before = {one.id for one in receiver.sent}
    assert len(sent_before) == 2
    span = (date(2026, 4, 1), date(2026, 6, 2))
    assert _facts_again(deployment, 1, span, "M", BY, NOW + HOUR) == (1, 1)
    both(deployment, NOW + HOUR)
    assert [one.event["data"]["key"] for one in receiver.sent[2:]] == ["M06", "M04"]
    assert receiver.sent[2].id in sent_before
    receiver.forget()
    assert _facts_again(deployment, 1, span, None, BY, NOW + 2 * HOUR) == (1, 3)
    assert _facts_again(deployment, 1, span, None, BY, NOW + 2 * HOUR) == (0, 4)
    both(deployment, NOW + 2 * HOUR)
    assert sorted(one.event["data"]["key"] for one in receiver.sent) == ["M04", "M06", "N04", "N06"]


# --- how long they are kept ---------------------------------------------------------------------------------------


def test_old_deliveries_are_deleted_and_are_not_made_again(deployment: Deployment, receiver: Receiver) -> None:
    deployment = local(deployment, keep_deliveries=1)
    told(deployment, receiver.url, NOW, "activity.*")
    orbit.travelled(deployment, "M", "T1", "2026-06-01", 10, NOW)
    both(deployment, NOW)

    def trimmed(at: datetime) -> int:
        trim(deployment, RunKey("trim", at, deployment.today(at)), at, 1, silent)
        with deployment.store.reading() as session:
            assert orbit.count(session, WebhookAttempt) == orbit.count(session, WebhookDelivery)
        return len(deliveries(deployment))

    assert trimmed(NOW + 30 * DAY) == 1  # it could be found again
    assert trimmed(NOW + 63 * DAY) == 0
    orbit.travelled(deployment, "M", "T2", "2026-06-01", 10, NOW + 63 * DAY)
    both(deployment, NOW + 63 * DAY)
    assert [one["key"] for one in data(receiver, "activity.posted")] == ["T1", "T2"]
    deployment.store.close()


# --- what the page says -------------------------------------------------------------------------------------------


def test_the_page_tells_every_type_and_every_field() -> None:
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.M)) == set(TYPES)
    for section in re.split(r"^##+ ", page, flags=re.M):
        groups = re.findall(r"`([a-z]+)\.\*`", section.partition("\n")[0])
        fields = set(re.findall(r"^\| ([a-z_]+) \|", section, re.M)) - {"field"} if groups else set()
        for type_ in TYPES:
            if type_.partition(".")[0] in groups:
                assert set(TYPES[type_]) <= fields, type_
        wanted = {name for type_ in TYPES if type_.partition(".")[0] in groups for name in TYPES[type_]}
        assert fields == wanted, groups


def test_the_pages_example_of_a_receiver_works(
    receiver: Receiver, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very code of the page, given what was sent."""
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    _, secret = told(deployment, receiver.url, NOW, "activity.*")
    orbit.travelled(deployment, "M", "T1", "2026-06-01", 10, NOW)
    both(deployment, NOW)
    sent = receiver.sent[0]
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    seen: list[dict[str, Any]] = []
    names: dict[str, Any] = {}
    exec(code, names)
    names["handle"] = seen.append
    with time_machine.travel(NOW, tick=False):
        assert names["receive"](sent.headers, sent.body.encode()) == 204
        assert names["receive"](sent.headers, sent.body.encode()) == 204  # the same again
        assert names["receive"](sent.headers, sent.body.replace("M", "N").encode()) == 400
    assert [one["type"] for one in seen] == ["activity.posted"]


def test_notes_are_in_the_transaction_of_the_facts(deployment: Deployment) -> None:
    announced(deployment, NOW)
    with pytest.raises(ZeroDivisionError), deployment.store.transaction() as session:
        orbit.trip(session, deployment, "M", "T1", "2026-06-01", 10, NOW)
        assert session.scalars(select(Announcing)).all()
        _ = 1 // 0
    assert left_to_announce(deployment) == 0
