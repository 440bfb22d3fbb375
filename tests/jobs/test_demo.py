"""What the demonstration gives to look at: one of its members waits in a queue, once."""

from collections.abc import Callable

from sqlalchemy import func, select

from loyalty.benefits.tables import Request
from loyalty.jobs import recalculate
from loyalty.jobs.demo import departures, draw, waiting
from loyalty.jobs.deployment import Deployment
from loyalty.members.tables import Member
from loyalty.status.tables import Standing
from tests.conftest import NOON

Deploy = Callable[..., Deployment]


def test_one_of_some_members_waits_in_a_queue(deploy: Deploy) -> None:
    deployment = deploy()
    draw(deployment, 60, NOON, lambda _done, _all: None)
    recalculate.by_hand(deployment, None, False, NOON, 1, lambda _done, _all: None)
    departures(deployment, NOON)
    queued = select(Request.member_id).where(Request.state == "waitlisted")
    with deployment.store.reading() as session:
        query = select(Member.number).join(Standing, Standing.member_id == Member.member_id)
        base = session.scalars(query.where(Standing.tier == "member").order_by(Member.member_id).limit(2)).all()
        above = session.scalars(query.where(Standing.tier != "member", Member.member_id.not_in(queued))).all()
        before = session.scalar(select(func.count()).select_from(Request)) or 0
    assert waiting(deployment, base, NOON) is None  # whose tier may not ask
    who = waiting(deployment, [*base, *above], NOON)
    assert who in above and waiting(deployment, [*base, *above], NOON) == who
    with deployment.store.reading() as session:
        mine = queued.join(Member, Member.member_id == Request.member_id).where(Member.number == who)
        assert len(session.scalars(mine).all()) == 1
        assert session.scalar(select(func.count()).select_from(Request)) == before + 1  # what did not wait is taken back
