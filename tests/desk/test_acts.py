"""Every act of the desk: preview = effect, one line of the log, once for a key, and nobody else's rows. On both databases."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from loyalty.access.signed import begin
from loyalty.access.tables import SignIn
from loyalty.audit.queries import verify
from loyalty.desk.acts import ACTS
from loyalty.desk.performing import Done
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.keys import digest
from loyalty.ledger.tables import Adjustment
from loyalty.status.queries import ladder_count
from tests.conftest import day
from tests.desk.counter import Counter, counter, with_case, with_message, with_requests
from tests.jobs import orbit

Deploy = Callable[..., Deployment]

#: Each act with an input, and the parts of a member that it changes; one a day for one member. The key of an act is its
#: name.
LIFE: tuple[tuple[str, dict[str, Any], set[str]], ...] = (
    ("activity.post", {"kind": "trip", "on": "2026-06-14", "fields.km": "40", "activity": "T2"}, {"balances", "counters"}),
    ("activity.correct", {"kind": "trip", "on": "2026-06-14", "fields.km": "50", "activity": "T2", "source": "staff"},
     {"balances", "counters"}),
    ("activity.reverse", {"activity": "T2"}, {"balances", "counters"}),
    ("points.adjust", {"unit": "stars", "amount": "-2.5"}, {"balances"}),
    ("benefit.grant", {"what": "up", "amount": "2", "through": "2026-12-31"}, {"benefits"}),
    ("benefit.extend", {"given": "benefit.grant", "through": "2027-03-31"}, {"benefits"}),
    ("benefit.use", {"what": "up"}, {"benefits"}),
    ("benefit.return", {"used": "benefit.use"}, {"benefits"}),
    ("benefit.revoke", {"given": "benefit.grant"}, {"benefits"}),
    ("benefit.pick", {"choice": "gift", "option": "pass"}, {"benefits", "choices"}),
    ("companion.name", {"name": "Ann"}, {"companions"}),
    ("companion.end", {"companion": "companion.name"}, {"companions"}),
    ("tier.extend", {"through": "2028-12-31"}, {"status"}),
    ("tier.grant", {"tier": "high", "through": "2026-12-31"}, {"status", "benefits"}),
    ("tier.revoke", {"grant_key": "tier.grant"}, {"status", "benefits"}),
    ("tier.offer", {"offer": "match", "tier": "high"}, {"status", "benefits"}),
    ("tier.waive", {"tier": "high"}, {"status"}),
    ("milestone.choose", {"milestone": "pick", "option": "stars"}, {"balances", "choices"}),
    ("member.change", {"phone": "+49 30 9999"}, {"profile"}),
    ("member.attributes", {"attributes.seat": "aisle"}, {"attributes"}),
    ("member.freeze", {}, {"member"}),
    ("member.unfreeze", {}, {"member"}),
    ("message.resend", {"message": "7"}, {"messages"}),
    ("note.add", {"text": "Prefers to be called in the evening."}, {"notes"}),
    ("file.change", {"facts.firm": "Acme", "facts.rooms": "3"}, {"file"}),
    ("manager.assign", {"manager": "agent@house.example"}, {"file"}),
    ("file.review", {}, {"file"}),
    ("contact.set", {"name": "Bo", "relation": "assistant", "email": "bo@acme.example"}, {"contacts"}),
    ("contact.remove", {"contact": str(digest("contact", "contact.set"))}, {"contacts"}),
    ("competitor.set", {"program": "Other Air", "their_tier": "Gold", "share": "40", "known_by": "said so"}, {"competitors"}),
    ("competitor.remove", {"competitor": str(digest("competitor", "competitor.set"))}, {"competitors"}),
    ("case.answer", {"case": "C", "text": "It was posted."}, {"cases"}),
    ("case.close", {"case": "C"}, {"cases"}),
    ("request.skip", {"request": "W", "source": "test"}, {"requests"}),
    ("request.unskip", {"request": "W", "source": "test"}, {"requests"}),
    ("request.cancel", {"request": "W", "source": "test"}, {"requests"}),
    ("request.give_back", {"request": "G", "source": "test"}, {"requests"}),
    ("member.leave", {"on": "2026-08-20"}, {"member", "status", "benefits"}),
)  # fmt: skip


@pytest.fixture
def desk(deploy: Deploy, tmp_path: Path) -> Counter:
    return counter(deploy, tmp_path)


def test_every_act_is_previewed_as_it_is_done_once_and_for_its_member_alone(desk: Counter) -> None:
    assert {act for act, _, _ in LIFE} == ACTS.keys() - {"benefit.share"}  # which is about two, see test_sharing.py
    with_case(with_message(with_requests(desk)))
    for act, raw, parts in LIFE:
        desk.now += timedelta(days=1)
        everything, others, lines = desk.rows(), desk.rows(but=1), len(desk.lines())
        told = desk.preview(act, raw, act)
        assert desk.rows() == everything, act
        done = desk.perform(act, raw, act)
        assert (done, done.fresh) == (told, True), act
        assert set(done.before) == set(done.after) == parts, (act, done)
        assert desk.rows(but=1) == others, act
        again = desk.perform(act, raw, act)
        assert again == Done(False, done.before, done.after), act
        (line,) = desk.lines()[lines:]
        assert (line.act, line.member_id, line.key, line.reason) == (act, 1, act, "asked for by phone")
        assert (line.kind, line.actor, line.place) == ("staff", "supervisor@house.example", "192.0.2.7")
        what = json.loads(line.what)
        assert (what["before"], what["after"]) == (done.before, done.after)
    with desk.deployment.store.reading() as session:
        assert verify(session).fault == ""


def test_a12_a_phone_number_touches_no_status(desk: Counter) -> None:
    """Given staff edit a phone number, then the line of the log has the number and nothing else."""
    before = desk.rows()
    desk.perform("member.change", {"phone": "+49 30 9999"}, "k")
    line = json.loads(desk.lines()[-1].what)
    assert (line["before"], line["after"]) == ({"profile": {"phone": "+49 30 1234"}}, {"profile": {"phone": "+49 30 9999"}})
    after = desk.rows()
    # settling notes the member for those who tell systems and members of news; by the phone the member is found
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"member", "member_word", "audit", "announcing", "telling"}


def test_a25_a_waiver_says_who_gave_and_who_approved_it_and_is_not_earned(desk: Counter) -> None:
    """Given 120 km are missing, when an agent asks and a supervisor approves, then the status is waived, with both names."""
    asked = desk.act("agent", "tier.waive", {"tier": "high"}, "w")
    assert not isinstance(asked, Done)
    done = desk.approve("supervisor", asked.approval_id)
    assert done.after["status"]["2026-06-15"]["source"] == "waived"
    line = json.loads(desk.lines()[-1].what)
    assert (line["asked_by"], line["approved_by"]) == ("agent@house.example", "supervisor@house.example")
    fact = desk.facts()[-1]
    assert (fact.author, fact.approver, fact.reason) == (
        "agent@house.example",
        "supervisor@house.example",
        "asked for by phone",
    )
    with desk.deployment.store.reading() as session:
        counts = {(row.tier, row.source): row.members for row in ladder_count(session, day("2026-06-15"), by_source=True)}
    assert counts[("high", "waived")] == 1 and ("high", "earned") not in counts


def test_a31_a_double_click_is_one_grant_and_another_body_under_its_key_is_refused(desk: Counter) -> None:
    errors: list[Exception] = []

    def press() -> None:
        try:
            desk.perform("points.adjust", {"unit": "stars", "amount": "100"}, "pressed")
        except Exception as error:
            errors.append(error)

    presses = [Thread(target=press) for _ in range(4)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert errors == []
    assert [line.key for line in desk.lines()].count("pressed") == 1
    with desk.deployment.store.reading() as session:
        assert len(session.scalars(select(Adjustment)).all()) == 1
    for act, raw, number in (
        ("points.adjust", {"unit": "stars", "amount": "101"}, "M"), ("points.adjust", {"unit": "stars", "amount": "100"}, "N"),
        ("note.add", {"text": "x"}, "M"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            desk.perform(act, raw, "pressed", number)
        assert refusal.value.code == "key_reused"


def test_who_is_frozen_cannot_come_in_ask_use_pick_or_choose_but_earns(desk: Counter) -> None:
    desk.perform("benefit.grant", {"what": "up"}, "g")
    with desk.deployment.store.transaction() as session:
        begin(session, 1, "link", desk.now)
    desk.perform("member.freeze", {}, "f")
    for act, raw in (
        ("benefit.use", {"what": "up"}), ("benefit.pick", {"choice": "gift", "option": "pass"}),
        ("milestone.choose", {"milestone": "pick", "option": "stars"}),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            desk.perform(act, raw, act)
        assert refusal.value.code == "member_frozen"
    with desk.deployment.store.transaction() as session, pytest.raises(Refused) as refusal:
        begin(session, 1, "link", desk.now)
    assert refusal.value.code == "member_frozen"
    with pytest.raises(Refused) as refusal:
        with_requests(desk)
    assert refusal.value.code == "member_frozen"
    with desk.deployment.store.reading() as session:
        assert session.scalars(select(SignIn.ended_at)).all() == [desk.now]
    done = desk.perform("activity.post", {"kind": "trip", "on": "2026-06-14", "fields.km": "130"}, "t")
    assert done.after["counters"] == {"km": "310"}
    assert orbit.tiers_on(desk.deployment, "2026-06-15")[1] == "high"


@pytest.mark.parametrize(("act", "raw", "code", "field"), [
    ("points.adjust", {"unit": "stars", "amount": "1e999"}, "bad_field", "amount"),
    ("points.adjust", {"unit": "stars", "amount": "NaN"}, "bad_field", "amount"),
    ("points.adjust", {"unit": "stars"}, "missing_field", "amount"),
    ("points.adjust", {"unit": "stars", "amount": "1", "amout": "1"}, "unknown_field", "amout"),
    ("benefit.grant", {"what": "up", "amount": "0"}, "bad_field", "amount"),
    ("benefit.grant", {"what": "up", "begins": "soon"}, "bad_field", "begins"),
    ("benefit.revoke", {"what": "up", "given": "x"}, "bad_field", "input"),
    ("member.change", {"email": "nobody"}, "bad_field", "email"),
    ("note.add", {"text": "a\0b"}, "bad_field", "input"),
    ("tier.fly", {}, "unknown_act", None),
])  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_its_field(desk: Counter, act: str, raw: Any, code: str, field: Any) -> None:
    with pytest.raises(Refused) as refusal:
        desk.perform(act, raw, "k")
    assert (refusal.value.code, refusal.value.fields.get("field")) == (code, field)


def test_without_a_reason_a_key_or_a_member_nothing_is_done(desk: Counter) -> None:
    before = desk.rows()
    for more, code in (({"reason": " "}, "reason_missing"), ({"key": ""}, "bad_field"), ({"key": "k" * 121}, "bad_field"),
                       ({"number": "nobody"}, "unknown_member")):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            desk.act("agent", "note.add", {"text": "t"}, **{"key": "k", **more})
        assert refusal.value.code == code
    assert desk.rows() == before


def test_a_tier_is_put_off_to_a_later_day_only(desk: Counter) -> None:
    with pytest.raises(Refused) as refusal:
        desk.perform("tier.extend", {"through": "2028-01-31"}, "k")
    assert refusal.value.code == "tier_not_extended"
    with pytest.raises(Refused) as refusal:
        desk.perform("tier.extend", {"through": "2028-01-31"}, "k", "N")
    assert refusal.value.code == "tier_for_ever"
