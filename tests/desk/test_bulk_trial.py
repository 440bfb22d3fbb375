"""What a bulk would come to, before it is sent: each row tried and taken back, summed up; drafts. On both databases."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from loyalty.access.staff_tables import Staff
from loyalty.desk import bulk as many_rows
from loyalty.desk import bulk_rows
from loyalty.desk.bulk import Many
from loyalty.desk.files import rows_for, rows_of
from loyalty.desk.tables import Approval, Bulk, BulkRow
from loyalty.desk.totals import Totals
from loyalty.errors import Refused
from loyalty.jobs import bulk as job
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.ledger.queries import balances
from tests.conftest import NOON
from tests.desk.counter import Counter, counter


@pytest.fixture
def desk(deploy: Callable[..., Deployment], tmp_path: Path) -> Counter:
    return counter(deploy, tmp_path)


def drafted(desk: Counter, text: str, name: str = "supervisor", act: str = "points.adjust", key: str = "b") -> int:
    many, who = Many(act, rows_of(BytesIO(text.encode()), {}), "goodwill", key, {"file": "a.csv"}), desk.who(name)
    with desk.deployment.store.transaction() as session:
        made = many_rows.draft(session, desk.deployment.program, desk.deployment.roles, who, many, desk.now)
        return made.bulk_id


def sent(desk: Counter, bulk_id: int, name: str = "supervisor") -> Any:
    who = desk.who(name)
    with desk.deployment.store.transaction() as session:
        return many_rows.send(session, desk.deployment.roles, who, bulk_id, desk.now)


def dropped(desk: Counter, bulk_id: int, name: str = "supervisor") -> None:
    who = desk.who(name)
    with desk.deployment.store.transaction() as session:
        many_rows.drop(session, who, bulk_id)


def run(desk: Counter) -> int:
    desk.now += timedelta(minutes=1)
    return job.bulk(desk.deployment, RunKey("bulk", desk.now, desk.now.date()), desk.now, 1, lambda *_: None).items


def found(desk: Counter, bulk_id: int) -> Bulk:
    with desk.deployment.store.reading() as session:
        return bulk_rows.bulk_of(session, bulk_id)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def test_each_row_is_tried_and_taken_back_and_the_sum_is_what_doing_it_comes_to(desk: Counter) -> None:
    bulk_id = drafted(desk, "number,unit,amount\nM,stars,10\nN,stars,-3\nnobody,stars,5\nN,stars,7\n")
    unsent = {name: rows for name, rows in desk.rows().items() if not name.startswith(("bulk", "run"))}
    assert run(desk) == 4 and run(desk) == 0  # once
    assert {name: rows for name, rows in desk.rows().items() if name in unsent} == unsent  # not a row of anything else
    bulk = found(desk, bulk_id)
    with desk.deployment.store.reading() as session:
        refused = bulk_rows.refused_rows(session, bulk)
        counts = bulk_rows.progress(session, [bulk_id])[bulk_id].tried
    assert counts == {"": 0, "changes": 3, "same": 0, "refused": 1}
    assert [(row.line, row.number, json.loads(row.told)["code"]) for row in refused] == [(4, "nobody", "unknown_member")]
    assert ["balances", "stars", 3, "14"] in json.loads(bulk.effect)["parts"]
    before = stars(desk)
    assert sent(desk, bulk_id) is None and run(desk) == 4 and stars(desk) - before == 140  # in tenths


def stars(desk: Counter) -> int:
    with desk.deployment.store.reading() as session:
        return sum(balances(session, member).get("stars", 0) for member in (1, 2))


def test_moves_between_tiers_are_counted(desk: Counter) -> None:
    bulk_id = drafted(desk, "number,tier,through\nM,high,2026-12-31\nN,high,2026-12-31\n", "loyalty_manager", "tier.grant")
    run(desk)
    effect = json.loads(found(desk, bulk_id).effect)
    assert effect["moves"] == [["ground", "high", 1], ["low", "high", 1]]


def test_a_draft_is_sent_once_by_who_made_it_or_dropped(desk: Counter) -> None:
    bulk_id = drafted(desk, "number,unit,amount\nM,stars,50001\n")
    assert drafted(desk, "number,unit,amount\nM,stars,50001\n") == bulk_id  # pressed twice
    assert refusal(lambda: drafted(desk, "number,unit,amount\nM,stars,50001\n", "other")) == "key_reused"
    assert refusal(lambda: sent(desk, bulk_id, "other")) == refusal(lambda: dropped(desk, bulk_id, "other")) == "not_allowed"
    asked = [sent(desk, bulk_id) for _ in range(2)]
    assert (asked[0].fresh, asked[1].fresh) == (True, False) and asked[0].approval_id == asked[1].approval_id
    assert refusal(lambda: dropped(desk, bulk_id)) == "bulk_sent"
    other = drafted(desk, "number,unit,amount\nM,stars,1\n", key="c")
    for _ in range(2):
        dropped(desk, other)
    assert refusal(lambda: sent(desk, other)) == "bulk_dropped" and refusal(lambda: sent(desk, 99)) == "unknown_bulk"
    assert run(desk) == 1  # what waits is tried, what was dropped is not
    with desk.deployment.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Approval)) == 1


def test_who_may_no_more_does_not_send_a_draft(desk: Counter) -> None:
    bulk_id = drafted(desk, "number,unit,amount\nM,stars,1\n")
    with desk.deployment.store.transaction() as session:
        session.execute(update(Staff).where(Staff.name == "supervisor@house.example").values(roles='["auditor"]'))
    assert refusal(lambda: sent(desk, bulk_id)) == "not_allowed" and found(desk, bulk_id).state == "draft"


def test_drafts_of_long_ago_are_deleted_with_their_rows(desk: Counter) -> None:
    old = drafted(desk, "number,unit,amount\nM,stars,1\n")
    kept = drafted(desk, "number,unit,amount\nM,stars,1\n", key="c")
    sent(desk, kept)
    with desk.deployment.store.transaction() as session:
        assert many_rows.trim_drafts(session, desk.now + timedelta(days=6)) == 0
        assert many_rows.trim_drafts(session, desk.now + timedelta(days=8)) == 1
        assert session.scalars(select(Bulk.bulk_id)).all() == [kept] != [old]
        assert set(session.scalars(select(BulkRow.bulk_id))) == {kept}


def test_every_bad_row_of_a_file_is_told_up_to_a_number(desk: Counter) -> None:
    rows = rows_of(BytesIO(b"number,unit,amount\nM,stars,x\nN,stars,1\nN,,2\nN,stars,y\n"), {})
    many = Many("points.adjust", rows, "goodwill", "b")
    found = [(line, refused.fields["field"]) for line, refused in many_rows.faults(many, 10)]
    assert found == [(2, "amount"), (4, "unit"), (5, "amount")] and len(list(many_rows.faults(many, 2))) == 2
    assert refusal(lambda: list(many_rows.faults(Many("points.adjust", rows, "", "b"), 2))) == "reason_missing"
    assert [(row.line, row.number) for row in rows_for(["A", "B"], {})] == [(1, "A"), (2, "B")]
    assert refusal(lambda: rows_of(BytesIO(b"number,unit,unit\nM,a,b\n"), {})) == "bad_field"
    assert refusal(lambda: rows_of(BytesIO(b"number\n\xff\xfe\n"), {})) == "bad_field"


def test_totals_of_what_rows_change() -> None:
    totals = Totals(NOON.date())
    base = {"tier": "low", "through": None, "source": "base"}
    high = {"tier": "high", "through": "2026-12-31", "source": "granted"}
    totals.add({"status": {"2020-01-01": base}}, {"status": {"2026-06-15": high, "2027-01-01": base}})
    totals.add({"status": {"2026-01-01": {"through": "2026-06-30"}}}, {"status": {"2026-01-01": {"through": "2026-12-31"}}})
    totals.add(
        {"balances": {"stars": "1.5"}}, {"balances": {"stars": "4"}, "benefits": {"pass 7": {"left": 2, "through": None}}}
    )
    totals.add({"benefits": {"pass 9": {"left": 3}}}, {"benefits": {"pass 9": {"left": 1}}, "profile": {"name": "B"}})
    assert totals.told == {
        "moves": [["low", "high", 1]],
        "parts": [["balances", "stars", 1, "2.5"], ["benefits", "pass", 2, "0"], ["profile", "", 1, None],
                  ["status", "", 1, None]],
    }  # fmt: skip
