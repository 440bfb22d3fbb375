"""Many at once: of the last one exactly one is used, held for requests too. Real threads on both databases."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from sqlalchemy import event

from loyalty.benefits import holding, using
from loyalty.benefits.tables import BenefitUse
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.status.queries import read_stretch
from tests.benefits.entitled import Deploy, deployed, given, left, mine, revoked, tier, used, verified
from tests.benefits.test_entitlements import refused
from tests.jobs import orbit
from tests.jobs.orbit import noon

NOW = noon("2026-03-02")
DAY = date(2026, 5, 1)


def at_once(deployment: Deployment, tries: int, work: object) -> Counter[str]:
    """How many of some tries at once ended how."""

    def one(n: int) -> str:
        try:
            with deployment.store.transaction() as session:
                work(session, orbit.locked(session, "M"), n)  # type: ignore[operator]
            return "done"
        except Refused as refusal:
            return refusal.code

    with ThreadPoolExecutor(16) as pool:
        return Counter(pool.map(one, range(tries)))


def test_fifty_at_once_use_three(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    given(deployment, "2026-03-01", "pass", 3)

    def use(session: object, account: object, n: int) -> None:
        wanted = using.Use("pass", "ann", "asked", f"try {n}")
        using.use(session, deployment.program, account, wanted, NOW)  # type: ignore[arg-type]

    assert at_once(deployment, 50, use) == {"done": 3, "nothing_left": 47}
    assert left(deployment, "2026-03-02", "pass") == 0
    assert verified(deployment) == []


def test_fifty_at_once_under_one_key_use_once(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-03-01")
    wanted = using.Use("lounge", "ann", "asked", "the same")
    found = at_once(deployment, 50, lambda session, account, _n: using.use(session, deployment.program, account, wanted, NOW))
    assert found == {"done": 50}
    assert left(deployment, "2026-03-02", "lounge") == 1


def test_fifty_requests_at_once_hold_two_and_give_them_back_once(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    given(deployment, "2026-03-01", "pass", 2)

    def hold(session: object, account: object, n: int) -> None:
        holding.hold(session, deployment.program, account, "pass", 1, DAY, n, "request", NOW)  # type: ignore[arg-type]

    assert at_once(deployment, 50, hold) == {"done": 2, "nothing_left": 48}
    keys = [(1, n) for n in range(50)]
    found = at_once(deployment, 20, lambda session, _account, _n: holding.give_back(
        session, deployment.program, keys, date(2026, 3, 3), "ann", "cancelled"))  # fmt: skip
    assert found == {"done": 20}
    assert left(deployment, "2026-03-03", "pass") == 2


def test_held_captured_given_back_and_held_again(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    program = deployment.program
    given(deployment, "2026-03-01", "up", 3, "2026-06-30")

    def held(request: int, amount: int = 1, on: str = "2026-03-02") -> None:
        with deployment.store.transaction() as session:
            account = orbit.locked(session, "M")
            holding.hold(session, program, account, "up", amount, DAY, request, "web", noon(on))

    held(1, 2)
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        assert holding.left_for(session, program, account, "up", DAY, date(2026, 3, 2)) == 1
        assert holding.left_for(session, program, account, "up", date(2026, 7, 1), date(2026, 3, 2)) == 0
    refused("nothing_left", held, 2, 2)
    with deployment.store.transaction() as session:
        holding.capture(session, [(1, 1), (1, 99)])
    with deployment.store.reading() as session:
        assert {row.state for row in session.query(BenefitUse)} == {"used"}
    with deployment.store.transaction() as session:
        for _ in range(2):
            holding.give_back(session, program, [(1, 1)], date(2026, 6, 20), "ann", "cancelled")
    # good for 90 days from the day of return
    assert [left(deployment, on, "up") for on in ("2026-06-20", "2026-07-01", "2026-09-17", "2026-09-18")] == [3, 2, 2, 0]
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        holding.hold(session, program, account, "up", 1, date(2026, 8, 1), 1, "web", noon("2026-06-21"))
    assert sum(mine(deployment, "2026-06-21").taken.values()) == 3
    found = verified(deployment)
    assert len(found) == 1 and "held for request 1, which is missing" in found[0]


def test_a_hold_is_lost_with_what_it_rests_on(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    given(deployment, "2026-03-01", "up", 1, key="g")
    given(deployment, "2026-03-01", "seat", 1, "2026-03-31")
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        for request, what in ((1, "up"), (2, "seat")):
            holding.hold(session, deployment.program, account, what, 1, DAY, request, "web", NOW)

    def lost(on: str) -> set[tuple[int, int]]:
        services = {(1, 1): DAY, (1, 2): DAY}
        with deployment.store.reading() as session:
            accounts = read_stretch(session, 1, 10)
            return holding.lost(session, deployment.program, accounts, services, date.fromisoformat(on))

    # the seat was asked with in time, whenever it is given
    assert lost("2026-04-10") == set()
    revoked(deployment, "2026-04-11", given="g")
    assert lost("2026-04-11") == {(1, 1)}


def test_the_statements_for_requests_do_not_follow_their_number(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    given(deployment, "2026-03-01", "pass", 60)
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        for request in range(40):
            holding.hold(session, deployment.program, account, "pass", 1, DAY, request, "web", NOW)
    counts = []
    for keys in ([(1, 0)], [(1, n) for n in range(1, 40)]):
        taken: list[str] = []
        listener = lambda *given, taken=taken: taken.append(given[2])  # noqa: E731
        with deployment.store.transaction() as session:
            session.connection()
            event.listen(deployment.store.engine, "before_cursor_execute", listener)
            holding.capture(session, keys)
            holding.give_back(session, deployment.program, keys, date(2026, 3, 3), "ann", "cancelled")
            event.remove(deployment.store.engine, "before_cursor_execute", listener)
        counts.append(len(taken))
    assert counts == [3, 3]
    used(deployment, "2026-03-04", "pass", 60)
