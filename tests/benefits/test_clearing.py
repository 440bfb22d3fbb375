"""Clearing: once only whoever is at it, in a few statements whatever the number, and nothing lost when it is killed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from loyalty.benefits import clearing
from loyalty.benefits.reasons import sentence
from loyalty.benefits.tables import Request, RequestChange, ServiceClass
from loyalty.jobs import requests as jobs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from tests.benefits.cabin import Cabin, Deploy, at, cabin
from tests.jobs import orbit


def silent(_done: int, _total: int) -> None:
    """No progress."""


@contextmanager
def heard(deployment: Deployment) -> Iterator[list[str]]:
    """The statements that reach the database."""
    found: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    event.listen(deployment.store.engine, "before_cursor_execute", hear)
    yield found
    event.remove(deployment.store.engine, "before_cursor_execute", hear)


def test_a60_two_workers_and_one_seat_clear_the_next_who_may(deploy: Deploy, tmp_path: Path) -> None:
    here = cabin(deploy, tmp_path)
    here.member("HEAD", "1k", until="2026-06-09")
    here.member("P", "platinum")
    here.members(["G1", "G2", "G3"], "gold")
    flights = [f"F{n}" for n in range(6)]
    for key in flights:
        here.flight(key, "2026-06-10 18:00", first=0)
        for number, now, fare in (
            ("HEAD", "2026-06-08 12:00", "W"), ("G1", "2026-06-08 20:00", "K"), ("G2", "2026-06-08 19:00", "W"),
            ("G3", "2026-06-08 19:30", "W"),
        ):  # fmt: skip
            here.ask(number, key, f"{number} {key}", now, fields={"fare": fare})
    # the head has lost the right; the best fare of the rest, then the earliest: G2
    for n, key in enumerate(flights):
        with here.store.transaction() as session:
            row = session.get_one(ServiceClass, (here.service(key).service_id, "first"))
            row.units = 1
            clearing.note_look(session.get_one(clearing.Service, row.service_id), at(f"2026-06-09 12:0{n}"))
    workers = [orbit.start(here.deployment, "requests", "clear", "--at", "2026-06-09 12:30") for _ in range(3)]
    for worker in workers:
        out, err = worker.communicate(timeout=120)
        assert worker.returncode == 0, (out, err)
    states = here.states()
    for key in flights:
        assert states[f"G2 {key}"] == "cleared"
        assert {states[f"{number} {key}"] for number in ("G1", "G3")} == {"waitlisted"}
        assert here.taken(key) == (1, 1)
        assert {here.rows()[f"{number} {key}"].passed for number in ("G1", "G3")} == {"no_units"}
    with here.store.reading() as session:
        cleared = session.scalar(select(func.count()).select_from(RequestChange).where(RequestChange.state == "cleared"))
        assert cleared == len(flights)


def test_a60_who_is_passed_over_carries_the_reason(deploy: Deploy, tmp_path: Path) -> None:
    here = cabin(deploy, tmp_path)
    here.give_member("LOST", "certificate")
    here.members(["A", "B"], "gold")
    here.flight("F", "2026-06-10 18:00", first=0)
    here.ask("LOST", "F", "lost", "2026-06-09 10:00", instrument="certificate", fields={"fare": "Y"})
    here.ask("A", "F", "a", "2026-06-09 11:00", ["ann"], fields={"fare": "Y"})
    here.ask("B", "F", "b", "2026-06-09 12:00", fields={"fare": "W"})
    here.take_back("LOST", "certificate", "2026-06-09")
    here.change("F", "2026-06-09 13:00", units={"first": 1})
    rows = here.rows()
    assert here.states() == {"lost": "waitlisted", "a": "waitlisted", "b": "cleared"}
    assert (rows["lost"].passed, rows["a"].passed) == ("instrument_lost", "too_few_units")
    assert sentence(rows["lost"].passed, rows["lost"].passed_details) == "The instrument does not hold any more."
    here.look("2026-06-10 18:00")
    assert sentence(here.rows()["lost"].reason, here.rows()["lost"].details) == (
        "The right to it ended: The instrument does not hold any more."
    )


def test_as_many_statements_for_50_requests_as_for_500(deploy: Deploy, tmp_path: Path) -> None:
    here = cabin(deploy, tmp_path)
    numbers = [f"N{n:03}" for n in range(500)]
    here.members(numbers, "gold")
    counts = []
    for key, size in (("SMALL", 50), ("LARGE", 500)):
        here.flight(key, "2026-06-10 18:00", first=0)
        asked = at("2026-06-09 06:00")
        here.asks(key, [(number, f"{key} {number}", asked + timedelta(seconds=n), "W")
                        for n, number in enumerate(numbers[:size])])  # fmt: skip
        with here.store.transaction() as session:
            session.get_one(ServiceClass, (here.service(key).service_id, "first")).units = size // 2
        with heard(here.deployment) as statements, here.store.transaction() as session:
            changed = jobs.clear_one(session, here.deployment, here.service(key).service_id, at("2026-06-09 12:00"), True)
        assert here.taken(key) == (size // 2, size // 2) and changed >= size // 2
        # the log goes by COPY where it is long, which is not heard
        counts.append(sum("request_change" not in statement for statement in statements))
    assert counts[0] == counts[1], counts
    assert counts[0] <= 14, counts


def test_windows_are_opened_for_many_in_a_few_statements(deploy: Deploy, tmp_path: Path) -> None:
    here = cabin(deploy, tmp_path)
    numbers = [f"N{n:02}" for n in range(30)]
    here.members(numbers, "gold")
    counts = []
    for key, size in (("SMALL", 3), ("LARGE", 30)):
        here.flight(key, "2026-06-10 18:00", first=0)
        here.asks(key, [(number, f"{key} {number}", at("2026-06-01 06:00"), "W") for number in numbers[:size]])
    for key in ("SMALL", "LARGE"):
        with heard(here.deployment) as statements, here.store.transaction() as session:
            opened = jobs.open_some(session, at("2026-06-08 18:00"), 3 if key == "SMALL" else 30)
        counts.append((len(statements), opened))
    assert counts[0][0] == counts[1][0] and counts[0][1] + counts[1][1] >= 30, counts
    assert jobs.open_windows(here.deployment, at("2026-06-08 18:00")).changes == 33 - counts[0][1] - counts[1][1]
    assert {*here.states().values()} == {"waitlisted"}
    assert here.service("LARGE").look_at == at("2026-06-08 18:00")


def test_a_service_that_fails_is_recorded_and_stops_no_other(
    deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = cabin(deploy, tmp_path)
    here.members(["A", "B", "C"], "gold")
    ids = {}
    for key, number in zip("FGH", "ABC", strict=True):
        ids[key] = here.flight(key, "2026-06-10 18:00", first=1)
        here.ask(number, key, key, "2026-06-01 12:00")
    true_clear = jobs.clear

    def clear(session: object, program: object, service: object, *more: object) -> object:
        if service.key == "G":  # type: ignore[attr-defined]
            raise ZeroDivisionError("a rule that cannot be")
        return true_clear(session, program, service, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "clear", clear)
    now = at("2026-06-09 12:00")
    result = jobs.clearing(here.deployment, RunKey("clear", now, now.date()), now, 1, silent)
    assert (result.status, list(result.failures.values())) == ("failed", ["ZeroDivisionError: a rule that cannot be"])
    assert here.states() == {"F": "cleared", "G": "pending", "H": "cleared"}
    monkeypatch.undo()
    later = now + timedelta(minutes=1)
    assert jobs.clearing(here.deployment, RunKey("clear", later, now.date()), later, 1, silent).status == "done"
    assert here.states()["G"] == "cleared"


@pytest.mark.parametrize("job", ["open_windows", "clear_due"])
@pytest.mark.parametrize("kill_at", [1, 2, 4])
def test_killed_and_run_again_it_ends_the_same(deploy: Deploy, tmp_path: Path, job: str, kill_at: int) -> None:
    here = cabin(deploy, tmp_path)
    here.members(["A", "B", "C", "D"], "gold")
    here.give("A", "voucher", 4)
    for n, key in enumerate("FGHI"):
        here.flight(key, f"2026-06-10 1{n}:00", first=1)
        for number in "ABCD":
            here.ask(number, key, f"{number}{key}", "2026-06-01 12:00", fields={"fare": "K"})
    done = 0

    def killed(_done: int, _total: int) -> None:
        nonlocal done
        done += 1
        if done == kill_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        if job == "open_windows":
            jobs.open_windows(here.deployment, at("2026-06-09 12:00"), killed, size=3)
        else:
            jobs.clear_due(here.deployment, at("2026-06-09 12:00"), killed)
        raise KeyboardInterrupt  # fewer parts than that
    here.look("2026-06-09 12:00")
    states = here.states()
    assert sorted(states.values()).count("cleared") == 4 and sorted(states.values()).count("waitlisted") == 12
    assert all(here.taken(key) == (1, 1) for key in "FGHI")
    here.look("2026-06-09 12:00")
    assert here.states() == states


def test_members_staff_and_jobs_at_once_wait_for_each_other_in_one_order(deploy: Deploy, tmp_path: Path) -> None:
    """Requests, changes of tier and clearing, all at once on the same services and members: nobody deadlocks."""
    here = cabin(deploy, tmp_path)
    numbers = [f"N{n}" for n in range(8)]
    here.members(numbers, "gold")
    for key in "FGH":
        here.flight(key, "2026-06-10 18:00", first=2)
    errors: list[Exception] = []

    def work(what: Callable[[int], None]) -> None:
        try:
            for n in range(10):
                what(n)
        except Exception as error:
            errors.append(error)

    def asks(n: int) -> None:
        number = numbers[n % 8]
        for key in "FGH":
            here.ask(number, key, f"{number} {key} {n}", "2026-06-09 12:00", [numbers[(n + 1) % 8]])
        here.act(number, f"{number} F {n}", "withdraw", "2026-06-09 12:01")

    def rises(n: int) -> None:
        here.grants(numbers, "platinum" if n % 2 else "1k", f"2026-06-{n + 10}", now=at(f"2026-06-09 12:{n + 10}"))
        here.grants(numbers[n % 8 :], "1k", "2026-06-09", "2026-06-10", now=at(f"2026-06-09 13:{n + 10}")) if n < 1 else None

    def clears(n: int) -> None:
        here.look(f"2026-06-09 14:{n + 10}")

    def changes(n: int) -> None:
        here.change("FGH"[n % 3], f"2026-06-09 15:{n + 10}", f"c{n}", units={"first": 4 + n})

    threads = [threading.Thread(target=work, args=(what,)) for what in (asks, rises, clears, changes, clears)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert errors == []
    with here.store.reading() as session:
        for key in "FGH":
            given = session.scalar(select(func.sum(Request.size)).where(
                Request.service_id == here.service(key).service_id, Request.state.in_(("confirmed", "cleared"))
            ))  # fmt: skip
            assert (given or 0) == here.taken(key)[0] <= here.taken(key)[1]


def test_a_look_at_what_is_not_due_changes_nothing(deploy: Deploy, tmp_path: Path) -> None:
    here: Cabin = cabin(deploy, tmp_path)
    here.member("A", "gold")
    here.flight("F", "2026-06-10 18:00", first=1)
    here.ask("A", "F", "a", "2026-06-01 12:00")
    before = here.rows()["a"]
    here.look("2026-06-05 12:00")
    with here.store.transaction() as session:
        assert jobs.clear_one(session, here.deployment, here.service("F").service_id, at("2026-06-05 12:00"), True) == 0
    assert here.rows()["a"] == before
