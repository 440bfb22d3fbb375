"""Which facts become messages, once each, however the work is split; and what they are told with. On both databases."""

import random
import shutil
import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as properties
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from loyalty.earning.operations import Report, record_one, reverse
from loyalty.jobs import telling
from loyalty.jobs.deployment import Deployment
from loyalty.members.consent import choose_digest, consent, consents_of
from loyalty.members.operations import change, leave
from loyalty.members.tables import ConsentChange, Telling
from loyalty.members.telling import note, notice
from loyalty.messages import contexts
from loyalty.settings import Settings
from loyalty.settle import settle
from tests.conftest import NOON
from tests.jobs import orbit
from tests.messages import told
from tests.messages.told import Deploy, at, build, context, enrol, opened, rows

TRIP = "2026-06-15"


def say(deployment: Deployment, name: str, given_: bool, member_id: int = 1) -> None:
    with deployment.store.transaction() as session:
        consent(session, member_id, name, given_, "test", NOON)


# --- each source ------------------------------------------------------------------------------------------------


def test_a_new_member_is_welcomed_once(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M", "N")
    assert build(deployment, at("2026-01-01", 13)).changes == 2
    assert told.told(deployment) == [("welcome", "2026-01-01")] * 2
    again = build(deployment, at("2026-01-01", 14))
    assert (again.items, again.changes) == (0, 0)
    with deployment.store.transaction() as session:
        note(session, [1, 2], at("2026-01-02"))
    assert build(deployment, at("2026-01-02", 13)).changes == 0
    (first, _) = rows(deployment)
    assert (first.address, first.locale, first.zone, first.state) == ("m@members.example", "en", "UTC", "waiting")
    assert first.consent is None, "it cannot be refused"
    given_ = context(first)
    assert given_["member"] == {"number": "M", "name": "Member M", "zone": "UTC"}
    assert given_["standing"]["tier"] == "ground" and given_["standing"]["through"] is None
    assert given_["next"]["tier"] == "low" and given_["next"]["percent"] == 0
    assert given_["points"] == [{"unit": "stars", "name": "stars", "amount": Decimal("0.0")}]


def test_a_rise_is_told_with_the_days_the_reason_and_what_comes_next(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    orbit.travelled(deployment, "M", "k", TRIP, 120)
    build(deployment, at(TRIP, 13))
    (row,) = rows(deployment, "promoted")
    given_ = context(row)
    assert given_["fact"]["old"] == {"tier": "ground", "name": "Ground"}
    assert given_["fact"]["new"] == {"tier": "low", "name": "Low"}
    assert (given_["fact"]["on"], given_["fact"]["through"]) == (date(2026, 6, 15), date(2028, 1, 31))
    assert "120 of 100 kilometres" in given_["fact"]["reason"]
    assert given_["standing"]["since"] == date(2026, 6, 15)
    (path,) = given_["next"]["paths"]
    assert path == [{"counter": "km", "name": "kilometres", "have": 120, "need": 300, "missing": 180, "percent": 40}]
    assert given_["next"]["by"] == date(2026, 12, 31)


def test_the_top_tier_has_no_next(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    orbit.travelled(deployment, "M", "k", TRIP, 400)
    build(deployment, at(TRIP, 13))
    (row,) = rows(deployment, "promoted")
    assert context(row)["next"] is None and context(row)["standing"]["name"] == "High"


def test_activity_is_told_when_its_day_is_over(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    for key, km in (("a", 10), ("b", 5)):
        orbit.travelled(deployment, "M", key, TRIP, km)
    build(deployment, at(TRIP, 23))
    assert told.told(deployment, "activity") == []
    assert build(deployment, at("2026-06-16", 0)).changes == 1
    (row,) = rows(deployment, "activity")
    assert row.on == date(2026, 6, 15)
    entries = context(row)["fact"]["entries"]
    amounts = [{one["name"]: one["amount"] for one in entry["amounts"]} for entry in entries]
    assert sorted(amounts, key=str) == [{"kilometres": 10, "stars": 15}, {"kilometres": 5, "stars": Decimal("7.5")}]
    assert {entry["on"] for entry in entries} == {date(2026, 6, 15)} and entries[0]["name"] == "trip"
    assert build(deployment, at("2026-06-17", 0)).changes == 0


def test_activity_that_was_reversed_is_not_told(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    orbit.travelled(deployment, "M", "a", TRIP, 10)
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        reverse(session, deployment.program, account, "test", "a", "refund", at(TRIP, 14))
        settle(session, deployment.program, [account], at(TRIP, 14))
    build(deployment, at("2026-06-16"))
    assert told.told(deployment, "activity") == []


def test_what_comes_for_a_day_that_was_told_is_told_too(deploy: Deploy, tmp_path: Path) -> None:
    """History of yesterday that is loaded today, and a transaction that commits late."""
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    orbit.travelled(deployment, "M", "a", TRIP, 10)
    build(deployment, at("2026-06-16", 1))
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        late = Report("trip", "test", "b", date(2026, 6, 15), {"km": 7}, date(2026, 6, 15))
        record_one(session, deployment.program, account, late, at("2026-06-16", 2))
        settle(session, deployment.program, [account], at("2026-06-16", 2))
    for hour in (3, 4):
        build(deployment, at("2026-06-16", hour))
    found = rows(deployment, "activity")
    assert [row.on.isoformat() for row in found] == [TRIP, TRIP]
    entries = [entry for row in found for entry in context(row)["fact"]["entries"]]
    amounts = [{one["name"]: one["amount"] for one in entry["amounts"]}["kilometres"] for entry in entries]
    assert sorted(amounts) == [7, 10]


@pytest.mark.parametrize(
    ("choice", "days"),
    [
        ("each", ["2026-06-15", "2026-06-15", "2026-06-17", "2026-07-01"]),
        ("day", ["2026-06-15", "2026-06-17", "2026-07-01"]),
        ("week", ["2026-06-21", "2026-07-05"]),
        ("month", ["2026-06-30", "2026-07-31"]),
    ],
)
def test_a_member_chooses_how_activity_is_taken_together(deploy: Deploy, tmp_path: Path, choice: str, days: list[str]) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    with deployment.store.transaction() as session:
        assert choose_digest(session, 1, choice, "test", at("2026-06-01"))
        assert not choose_digest(session, 1, choice, "test", at("2026-06-02"))
    trips = {"a": TRIP, "b": TRIP, "c": "2026-06-17", "d": "2026-07-01"}
    first = date(2026, 6, 15)
    for n in range(50):
        day = (first + timedelta(days=n)).isoformat()
        for key in (key for key, on in trips.items() if on == day):
            orbit.travelled(deployment, "M", key, day, 1)
        build(deployment, at(day, 13))
    assert [row.on.isoformat() for row in rows(deployment, "activity")] == days


def test_a_choice_made_meanwhile_tells_nothing_twice(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    orbit.travelled(deployment, "M", "a", TRIP, 1)
    build(deployment, at("2026-06-16", 1))
    with deployment.store.transaction() as session:
        choose_digest(session, 1, "month", "test", at("2026-06-16", 2))
    orbit.travelled(deployment, "M", "b", "2026-06-16", 2)
    build(deployment, at("2026-07-01", 1))
    found = [(row.on.isoformat(), len(context(row)["fact"]["entries"])) for row in rows(deployment, "activity")]
    assert found == [(TRIP, 1), ("2026-06-30", 1)]


def test_a_tier_that_ends_is_told_sixty_and_thirty_days_before(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M", "K")
    for number in ("M", "K"):
        orbit.travelled(deployment, number, "a", TRIP, 320)
    orbit.travelled(deployment, "K", "b", "2027-03-01", 250)
    first = date(2027, 11, 1)
    for n in range(95):
        day = (first + timedelta(days=n)).isoformat()
        build(deployment, at(day))
    found = rows(deployment, "ending")
    assert [(row.member_id, row.on.isoformat()) for row in found] == [(1, "2027-12-02"), (1, "2028-01-01")]
    fact = context(found[0])["fact"]
    assert (fact["days"], fact["through"], fact["falls_to"]["tier"]) == (60, date(2028, 1, 31), "ground")
    assert [[one["missing"] for one in path] for path in fact["paths"]][-1] == [200]
    night = told.night(deployment, at("2028-02-01"))
    assert night.changes == 1
    build(deployment, at("2028-02-01", 13))
    (lapsed,) = rows(deployment, "lapsed")
    assert context(lapsed)["fact"]["new"]["tier"] == "ground"


def test_near_is_told_once_and_again_only_after_its_cool_down(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    orbit.travelled(deployment, "M", "a", TRIP, 79)
    build(deployment, at(TRIP, 13))
    assert told.told(deployment, "near") == []
    orbit.travelled(deployment, "M", "b", "2026-06-16", 4)
    first = date(2026, 6, 16)
    for n in range(40):
        build(deployment, at((first + timedelta(days=n)).isoformat(), 13))
    assert told.told(deployment, "near") == [("near", "2026-06-16"), ("near", "2026-07-16")]
    assert context(rows(deployment, "near")[0])["fact"] == {"percent": 83}
    orbit.travelled(deployment, "M", "c", "2026-07-27", 30)
    for n in range(60):
        build(deployment, at((date(2026, 7, 27) + timedelta(days=n)).isoformat(), 13))
    assert len(told.told(deployment, "near")) == 2, "who has risen is far from the next"


def test_birthdays_and_anniversaries_by_the_calendar(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M", on="2024-02-29", attributes={"born": "1980-02-29"})
    enrol(deployment, "N", on="2024-03-01", attributes={"born": "1981-03-01"})
    enrol(deployment, "O", on="2024-03-01")
    say(deployment, "extras", True)
    for day in ("2026-02-27", "2026-02-28", "2026-03-01", "2028-02-28", "2028-02-29", "2028-03-01"):
        build(deployment, at(day))
    found = [(row.member_id, row.kind, row.on.isoformat()) for row in rows(deployment, "birthday", "anniversary")]
    assert found == [
        (1, "anniversary", "2026-02-28"), (1, "birthday", "2026-02-28"),
        (1, "anniversary", "2028-02-29"), (1, "birthday", "2028-02-29"),
        (2, "birthday", "2026-03-01"), (2, "birthday", "2028-03-01"),
    ]  # fmt: skip
    assert context(rows(deployment, "anniversary")[0])["fact"] == {"years": 2}


def test_days_without_a_run_are_caught_up_with(deploy: Deploy, tmp_path: Path) -> None:
    text = told.ALL.replace("of: birthday, within: 0", "of: birthday, within: 5")
    deployment = opened(deploy, tmp_path, text)
    for n, day in enumerate(("05", "08", "10")):
        enrol(deployment, f"M{n}", attributes={"born": f"1980-06-{day}"})
    build(deployment, at("2026-06-04"))
    build(deployment, at("2026-06-12"))
    found = [(row.member_id, row.on.isoformat()) for row in rows(deployment, "birthday")]
    assert found == [(2, "2026-06-08"), (3, "2026-06-10")], "the 5th is too long ago to wish a good day"


def test_statements_of_the_month_that_is_over(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    enrol(deployment, "late", on="2026-07-01")
    orbit.travelled(deployment, "M", "a", TRIP, 40)
    orbit.travelled(deployment, "M", "b", "2026-07-01", 9, at("2026-07-01", 1))
    assert told.month(deployment, at("2026-07-01", 5)).changes == 1
    assert told.month(deployment, at("2026-07-02", 5)).changes == 0
    (row,) = rows(deployment, "statement")
    fact = context(row)["fact"]
    assert (fact["begins"], fact["through"], len(fact["entries"])) == (date(2026, 6, 1), date(2026, 6, 30), 1)
    assert fact["counters"] == [{"name": "kilometres", "amount": 49}] and row.on == date(2026, 6, 30)


def test_the_old_address_is_told_that_it_was_changed(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    with deployment.store.transaction() as session:
        assert change(session, 1, at(TRIP), email="new@members.example")
        assert not change(session, 1, at(TRIP), email="new@members.example")
    build(deployment, at(TRIP, 13))
    (row,) = rows(deployment, "security")
    assert (row.address, row.priority, context(row)["fact"]["what"]) == ("m@members.example", 0, "email")


def test_a_survey_is_told_once_for_its_key(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    asked = {"survey": "lounge", "question": "How was the lounge?", "link": "https://orbit.example/s/1"}
    with deployment.store.transaction() as session:
        assert notice(session, 1, "survey", "lounge 1", asked, at(TRIP))
        assert not notice(session, 1, "survey", "lounge 1", asked, at("2026-06-16"))
    build(deployment, at(TRIP, 13))
    assert context(rows(deployment, "survey")[0])["fact"] == {"question": "How was the lounge?", "link": asked["link"]}


# --- who is told -------------------------------------------------------------------------------------------------


def test_nothing_is_told_to_who_does_not_want_it(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    say(deployment, "news", False)
    with deployment.store.transaction() as session:
        assert not consent(session, 1, "news", False, "again", NOON)
        assert consents_of(session, [1]) == {1: {"news": False}}
        assert session.scalar(select(func.count()).select_from(ConsentChange)) == 1
    orbit.travelled(deployment, "M", "a", TRIP, 120)
    build(deployment, at("2026-01-01", 13))
    build(deployment, at("2026-06-16", 13))
    assert told.told(deployment) == [("welcome", "2026-01-01")], "what cannot be refused is told"
    say(deployment, "news", True)
    with deployment.store.transaction() as session:
        note(session, [1], at("2026-06-17"))
    build(deployment, at("2026-06-17", 13))
    assert [kind for kind, _ in told.told(deployment)] == ["welcome", "activity", "promoted"]


def test_nobody_without_an_address_and_nobody_who_has_left(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M", email="")
    enrol(deployment, "N")
    with deployment.store.transaction() as session:
        leave(session, "N", date(2026, 6, 10))
        settle(session, deployment.program, [orbit.locked(session, "N")], at("2026-06-10"))
    for day in ("2026-01-01", "2026-06-11"):
        build(deployment, at(day, 13))
    assert told.told(deployment) == [("welcome", "2026-01-01")]
    assert told.month(deployment, at("2026-07-01")).changes == 0


def test_history_loaded_afterwards_tells_nothing_old(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M", on="2024-01-01")
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        for n in range(24):
            day = date(2024 + n // 12, n % 12 + 1, 5)
            record_one(session, deployment.program, account, Report("trip", "old", str(n), day, {"km": 30}, day), at(TRIP))
        settle(session, deployment.program, [account], at(TRIP))
    build(deployment, at(TRIP, 13))
    build(deployment, at("2026-06-16", 13))
    assert told.told(deployment) == []


def test_one_failing_member_stops_nobody_and_is_looked_at_again(
    deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M", "N", "O")
    true_standing = contexts.standing

    def standing(person: object, around: object) -> object:
        if person.account.number == "N":  # type: ignore[attr-defined]
            raise ZeroDivisionError("a context that cannot be")
        return true_standing(person, around)  # type: ignore[arg-type]

    monkeypatch.setattr(contexts, "standing", standing)
    result = build(deployment, at("2026-01-01", 13))
    assert (result.status, result.changes) == ("failed", 2)
    assert list(result.failures.values()) == ["ZeroDivisionError: a context that cannot be"]
    monkeypatch.undo()
    assert build(deployment, at("2026-01-01", 13, 30)).changes == 0
    assert build(deployment, at("2026-01-01", 15)).changes == 1


# --- once, however the work is split ------------------------------------------------------------------------------


def test_a_transaction_that_commits_late_is_not_missed(deploy: Deploy, tmp_path: Path, database_url: str) -> None:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M", "N")
    build(deployment, at("2026-01-01", 13))
    if database_url.startswith("sqlite"):
        return  # one writer at a time: none commits late
    with deployment.store.transaction() as slow:
        orbit.trip(slow, deployment, "M", "a", TRIP, 120, at(TRIP, 10))
        orbit.travelled(deployment, "N", "a", TRIP, 120, at(TRIP, 11))
        build(deployment, at(TRIP, 12))
        assert told.told(deployment, "promoted") == [("promoted", TRIP)]
    build(deployment, at(TRIP, 13))
    assert told.told(deployment, "promoted") == [("promoted", TRIP)] * 2
    with deployment.store.reading() as session:
        assert set(session.scalars(select(Telling.noted_at))) == {at("2026-06-16", 0)}


def test_the_statements_do_not_grow_with_the_members(deploy: Deploy, tmp_path: Path) -> None:
    counted = []
    deployment = opened(deploy, tmp_path)
    for n, many in enumerate((2, 40)):
        numbers = [f"C{n}{m}" for m in range(many)]
        enrol(deployment, *numbers)
        for number in numbers:
            orbit.travelled(deployment, number, "a", TRIP, 120)
        statements: list[str] = []
        spy = lambda *arguments, into=statements: into.append(arguments[2])  # noqa: E731
        event.listen(deployment.store.engine, "before_cursor_execute", spy)
        build(deployment, at("2026-06-16", n + 1))
        event.remove(deployment.store.engine, "before_cursor_execute", spy)
        counted.append(len(statements))
    assert len(rows(deployment, "activity")) == 42
    assert counted[1] <= counted[0] + 2, counted


STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([15, 30, 60, 120])), max_size=6)


@properties(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trips=STEPS, seed=st.integers(0, 10**6), members=st.integers(1, 3))
def test_the_same_messages_under_any_splitting_of_runs(
    sqlite_template: Path, trips: list[tuple[int, int]], seed: int, members: int
) -> None:
    """Runs after every fact, or one for each day: the same facts are told. At any hours, in chunks of one or of all."""
    outcomes = [_story(sqlite_template, trips, members, None), _story(sqlite_template, trips, members, random.Random(seed))]
    assert outcomes[0] == outcomes[1]


def _story(
    template: Path, trips: list[tuple[int, int]], members: int, random_: random.Random | None
) -> list[tuple[object, ...]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(template, folder / "loyalty.db")
        config = told.config(folder / "config")
        settings = Settings(program="orbit", database_url=f"sqlite:///{folder / 'loyalty.db'}", config=str(config))
        deployment = Deployment(settings).ready(NOON)
        enrol(deployment, *(f"M{n}" for n in range(members)), attributes={"born": "1990-06-17"})
        day = date(2026, 6, 15)
        for n, (ahead, km) in enumerate(trips):
            for _ in range(ahead):
                _run(deployment, day, random_)
                day += timedelta(days=1)
            orbit.travelled(deployment, f"M{n % members}", str(n), day.isoformat(), km)
            if random_ is not None and random_.random() < 0.7:
                build(deployment, at(day.isoformat(), 12, random_.randrange(60)) + timedelta(microseconds=n))
        for _ in range(4):
            _run(deployment, day, random_)
            day += timedelta(days=1)
        # how near one is depends on when it is asked
        found = [row for row in rows(deployment) if row.kind != "near"]
        deployment.store.close()
        return [(row.member_id, row.kind, row.on, sorted(context(row).get("told", {}).get("ids", ()))) for row in found]


def _run(deployment: Deployment, day: date, random_: random.Random | None) -> None:
    """The runs of a day: one in the night, or that and others, each in chunks of another size."""
    before = telling.CHUNK
    for hour in [23] if random_ is None else [*sorted(random_.sample(range(13, 23), random_.randrange(3))), 23]:
        telling.CHUNK = before if random_ is None else random_.choice([1, 2, before])
        build(deployment, at(day.isoformat(), hour))
    telling.CHUNK = before
