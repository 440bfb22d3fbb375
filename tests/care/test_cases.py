"""Cases on both databases: claimed once, refused at once where they could never be posted, answered, closed, all logged."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from loyalty.care.operations import Answer, Claim, answer, claim, close
from loyalty.care.queries import cases_in, cases_of
from loyalty.cli import main
from loyalty.earning.operations import Report, record_one
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.status.queries import lock_numbers
from tests.conftest import NOON, day
from tests.web.portal import Portal

FIELDS = {"carrier": "SK", "origin": "ORD", "destination": "SFO", "distance": "1846", "booking_class": "Y"}


@pytest.fixture
def portal(deploy: Callable[..., Deployment]) -> Portal:
    made = Portal(deploy())
    made.enrol("M", "2026-03-01", name="Ann")
    made.enrol("N")
    return made


def claimed(portal: Portal, on: str = "2026-05-01", key: str = "K", **fields: str) -> bool:
    with portal.deployment.store.transaction() as session:
        wanted = Claim("flight", day(on), {**FIELDS, **fields}, "on the way home", key)
        account = lock_numbers(session, ["M"])["M"]
        return claim(session, portal.deployment.program, account, wanted, "M", NOON)[1]


def test_a_claim_is_one_case_however_often_it_is_sent(portal: Portal) -> None:
    assert [claimed(portal), claimed(portal)] == [True, False]
    with pytest.raises(Refused) as refusal:
        claimed(portal, origin="JFK")
    assert refusal.value.code == "key_reused"
    with portal.deployment.store.reading() as session:
        (case,) = cases_of(session, 1)
        assert cases_of(session, 2) == []
        assert [one.key for one in cases_in(session, "open", 10)] == ["K"]
    assert case.fields == {"kind": "flight", "on": "2026-05-01", "fields": FIELDS, "remark": "on the way home"}
    assert [(row["state"], row["author"], row["text"]) for row in case.log] == [("open", "M", "on the way home")]


@pytest.mark.parametrize(("on", "code"), [("2026-02-28", "activity_before_enrolment"), ("2026-06-16", "activity_in_future")])
def test_what_could_never_be_posted_is_refused_at_once(portal: Portal, on: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        claimed(portal, on)
    assert refusal.value.code == code
    with portal.deployment.store.reading() as session:
        assert cases_of(session, 1) == []


def test_a_case_is_answered_with_what_was_posted_and_closed_for_good(portal: Portal) -> None:
    claimed(portal)
    program, later = portal.deployment.program, NOON + timedelta(days=1)
    said = Answer("Eve", "Found: it is posted.", "desk", "F1")
    with portal.deployment.store.transaction() as session:
        account = lock_numbers(session, ["M"])["M"]
        with pytest.raises(Refused, match="no activity with key 'F1'"):
            answer(session, account, "K", said, later)
        record_one(session, program, account, Report("flight", "desk", "F1", day("2026-05-01"), FIELDS), later)
        assert [answer(session, account, "K", said, later) for _ in range(2)] == [True, False]
        with pytest.raises(Refused) as other:
            answer(session, lock_numbers(session, ["N"])["N"], "K", said, later)
        assert other.value.code == "unknown_case"
        close(session, account, "K", "Eve", "", later)
        for again in (
            lambda: close(session, account, "K", "Eve", "", later),
            lambda: answer(session, account, "K", said, later),
        ):
            with pytest.raises(Refused) as refusal:
                again()
            assert refusal.value.code == "case_closed"
    with portal.deployment.store.reading() as session:
        (case,) = cases_of(session, 1)
        assert cases_in(session, "open", 10) == [] and len(cases_in(session, None, 10)) == 1
    assert [(row["state"], row["source"], row["key"]) for row in case.log] == [
        ("open", "", ""), ("answered", "desk", "F1"), ("closed", "", ""),
    ]  # fmt: skip


def loyalty(portal: Portal, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"LOYALTY_DATABASE_URL": portal.deployment.settings.database_url})


def test_staff_work_cases_off_by_hand(portal: Portal) -> None:
    fields = [part for name, value in FIELDS.items() for part in ("--field", f"{name}={value}")]
    add = ("cases", "add", "M", "flight", "--on", "2026-05-01", "--author", "Eve", "--key", "K", *fields)
    assert [loyalty(portal, *add).stdout for _ in range(2)] == ["Recorded.\n", "Recorded already; nothing changed.\n"]
    assert "flight 2026-05-01" in loyalty(portal, "cases", "list").stdout
    answered = loyalty(portal, "cases", "answer", "M", "K", "--author", "Eve", "--text", "No such flight.")
    assert answered.stdout == "Recorded.\n", answered.output
    assert "Eve, answered: No such flight." in loyalty(portal, "cases", "show", "M", "K").stdout
    assert loyalty(portal, "cases", "close", "M", "K", "--author", "Eve").exit_code == 0
    assert "K" not in loyalty(portal, "cases", "list").stdout
    assert loyalty(portal, "cases", "show", "N", "K").exit_code == 2
