"""Status shared by staff for a member: about two members, both locked and settled. On both databases."""

from collections.abc import Callable
from pathlib import Path

import pytest

from loyalty.access.staff import Hired, add
from loyalty.audit.chain import Actor
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from tests.benefits.entitled import deployed
from tests.benefits.test_sharing import for_life, tier_of
from tests.conftest import NOON, ROOT
from tests.desk.counter import Counter
from tests.jobs import orbit


def test_a_status_is_shared_previewed_and_ended(deploy: Callable[..., Deployment], tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "staff.yaml").write_text((ROOT / "config" / "staff.yaml").read_text(encoding="utf-8"))
    deployment = deployed(deploy, tmp_path)
    for_life(deployment)
    desk = Counter(deployment, orbit.noon("2026-02-02"))
    with deployment.store.transaction() as session:
        add(session, deployment.roles, Actor("command", "c"), Hired("supervisor@house.example", "S", ("supervisor",)), NOON)
    raw, before = {"sharing": "partner", "number": "N"}, desk.rows()
    told = desk.preview("benefit.share", raw, "s")
    assert desk.rows() == before
    done = desk.perform("benefit.share", raw, "s")
    assert done == told and set(done.after) == {"companions"} and tier_of(deployment, "2026-02-02") == "low"
    assert not desk.perform("benefit.share", raw, "s").fresh
    for wrong, code in (({**raw, "number": "M"}, "companion_self"), ({**raw, "sharing": "x"}, "unknown_sharing")):
        with pytest.raises(Refused) as refusal:
            desk.perform("benefit.share", wrong, code)
        assert refusal.value.code == code
    assert desk.perform("companion.end", {"companion": "s"}, "e").fresh
    assert tier_of(deployment, "2026-02-03") != "low" and [line.act for line in desk.lines()][-2:] == [
        "benefit.share", "companion.end"]  # fmt: skip
