"""Four eyes: asked for, approved or refused by another within limits, never one's own; judged anew. On both databases."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loyalty.desk import approvals
from loyalty.desk.approvals import Asked
from loyalty.desk.performing import Done
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from tests.desk.counter import ROLES, Counter, counter
from tests.desk.test_acts import LIFE


@pytest.fixture
def desk(deploy: Callable[..., Deployment], tmp_path: Path) -> Counter:
    return counter(deploy, tmp_path)


def asked(desk: Counter, amount: str, name: str = "agent", key: str = "k", act: str = "points.adjust") -> int:
    answer = desk.act(name, act, {"unit": "stars", "amount": amount}, key)
    assert isinstance(answer, Asked)
    return answer.approval_id


def refused(desk: Counter, name: str, approval_id: int) -> str:
    with pytest.raises(Refused) as refusal:
        desk.approve(name, approval_id)
    return refusal.value.code


def refuse(desk: Counter, name: str, approval_id: int, why: str) -> None:
    who = desk.who(name)
    with desk.deployment.store.transaction() as session:
        approvals.refuse(session, desk.deployment.program, desk.deployment.roles, who, approval_id, why, desk.now)


def test_each_role_does_asks_for_or_is_refused_each_act_by_the_file(desk: Counter) -> None:
    roles, before = desk.deployment.roles, desk.rows()
    for role in ROLES:
        for act, raw, _ in LIFE:
            sent, who = desk.sent(act, raw, f"{role} {act}"), desk.who(role)
            judged = approvals.verdict(roles, desk.deployment.program, who, sent, desk.now)
            if judged == "no":
                assert act not in roles.file.roles[role].may or roles.file.roles[role].may[act] is not None
                with pytest.raises(Refused) as refusal:
                    desk.act(role, act, raw, f"{role} {act}")
                assert refusal.value.code == "not_allowed", (role, act)
            elif judged == "ask":
                assert isinstance(desk.act(role, act, raw, f"{role} {act}"), Asked), (role, act)
            else:
                assert act in roles.file.roles[role].may, (role, act)
    after = desk.rows()
    assert {name for name in after if after[name] != before[name]} == {"approval", "audit"}


def test_above_the_limit_it_is_asked_for_and_done_when_another_approves(desk: Counter) -> None:
    assert isinstance(desk.act("agent", "points.adjust", {"unit": "stars", "amount": "-5000"}, "small"), Done)
    approval = asked(desk, "5000.1")
    assert asked(desk, "5000.1") == approval
    with pytest.raises(Refused) as refusal:
        asked(desk, "5001")
    assert refusal.value.code == "key_reused"
    assert refused(desk, "agent", approval) == "own_approval"
    assert refused(desk, "auditor", approval) == refused(desk, "administrator", approval) == "no_approver"
    done = desk.approve("supervisor", approval)
    assert done.fresh and set(done.after) == {"balances"}
    assert refused(desk, "other", approval) == "approval_decided"
    ask, line = desk.lines()[-2:]
    assert (ask.act, ask.actor, ask.member_id) == ("approval.ask", "agent@house.example", 1)
    assert (line.act, line.actor, line.key) == ("points.adjust", "supervisor@house.example", "k")
    what = json.loads(line.what)
    assert (what["asked_by"], what["approved_by"]) == ("agent@house.example", "supervisor@house.example")
    again = desk.act("agent", "points.adjust", {"unit": "stars", "amount": "5000.1"}, "k")
    assert again == Asked(approval, False) and desk.lines()[-1].n == line.n


def test_nobody_approves_themselves_and_nobody_beyond_their_limit(desk: Counter) -> None:
    own = asked(desk, "60000", "supervisor")
    assert refused(desk, "supervisor", own) == "own_approval"
    assert refused(desk, "other", own) == "no_approver"
    assert desk.approve("loyalty_manager", own).fresh
    for role in ROLES:
        acts: Any = desk.deployment.roles.file.roles[role].ask
        if "points.adjust" in acts:
            mine = asked(desk, "70000", role, f"own {role}")
            with pytest.raises(Refused) as refusal:
                refuse(desk, role, mine, "no")
            assert refused(desk, role, mine) == refusal.value.code == "own_approval"


def test_who_refuses_says_why_and_who_asked_may_take_it_back(desk: Counter) -> None:
    first, second = asked(desk, "6000", key="a"), asked(desk, "6000", key="b")
    with pytest.raises(Refused) as refusal:
        refuse(desk, "supervisor", first, " ")
    assert refusal.value.code == "reason_missing"
    refuse(desk, "supervisor", first, "no receipt")
    who = desk.who("agent")
    with desk.deployment.store.transaction() as session:
        with pytest.raises(Refused):
            approvals.withdraw(session, desk.who("other"), second, desk.now)
        approvals.withdraw(session, who, second, desk.now)
    assert refused(desk, "supervisor", first) == refused(desk, "supervisor", second) == "approval_decided"
    assert [line.act for line in desk.lines()[-2:]] == ["approval.refuse", "approval.withdraw"]
    assert desk.lines()[-2].reason == "no receipt"
    with desk.deployment.store.reading() as session:
        (row,) = approvals.approvals(session, "refused", "M")
    assert (row.asked, row.decided, row.Approval.why) == ("agent@house.example", "supervisor@house.example", "no receipt")


def test_what_has_changed_meanwhile_is_judged_anew_and_it_waits_on(desk: Counter) -> None:
    answer = desk.act("agent", "tier.waive", {"tier": "high"}, "w")
    assert isinstance(answer, Asked)
    desk.perform("activity.reverse", {"activity": "T1", "source": "test"}, "gone")
    before = desk.rows()
    assert refused(desk, "supervisor", answer.approval_id) == "waiver_too_large"
    assert desk.rows() == before
    with desk.deployment.store.reading() as session:
        assert [row.Approval.state for row in approvals.approvals(session)] == ["waiting"]
