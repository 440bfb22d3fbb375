"""A portal to test against: skyway on the test's database, members, and clients that are signed in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from loyalty.access.signed import begin
from loyalty.jobs.deployment import Deployment
from loyalty.members.operations import Enrolment, enrol_one
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import lock_numbers
from loyalty.web import create_app
from tests.conftest import NOON

SECRET = "a-secret-of-forty-characters-for-tests-.."


@dataclass
class Portal:
    """The application of a deployment, whose clock the test moves."""

    deployment: Deployment
    now: datetime = NOON
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with_secret = Deployment(replace(self.deployment.settings, secret=SECRET, **self.settings))
        with_secret.__dict__["store"] = self.deployment.store  # one pool of connections, closed with the test
        self.deployment = with_secret
        self.app: Flask = create_app(self.deployment, lambda: self.now)

    def enrol(self, number: str, on: str = "2024-01-01", **profile: Any) -> int:
        """A member, enrolled; the member_id."""
        with self.deployment.store.transaction() as session:
            answer = enrol_one(session, self.deployment.program, Enrolment(date.fromisoformat(on), number, **profile), self.now)
            assert answer.member_id is not None
            open_standings(session, [(answer.member_id, date.fromisoformat(on))])
            settle(session, self.deployment.program, list(lock_numbers(session, [number]).values()), self.now)
            return answer.member_id

    def client(self, member_id: int | None = None) -> FlaskClient:
        """A browser: of a member who is signed in, or of nobody. Forms are sent by `send`, which knows the token."""
        client = self.app.test_client()
        if member_id is not None:
            with self.deployment.store.transaction() as session:
                token = begin(session, member_id, "link", self.now)
            with client.session_transaction() as kept:
                kept["_user_id"], kept["_fresh"] = token, True
        return client

    @contextmanager
    def heard(self) -> Iterator[list[str]]:
        """The statements that reach the database meanwhile, without the one of a whole process once a minute."""
        self.deployment.look(self.now)
        found: list[str] = []

        def hear(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            found.append(statement)

        event.listen(self.deployment.store.engine, "before_cursor_execute", hear)
        yield found
        event.remove(self.deployment.store.engine, "before_cursor_execute", hear)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


def send(client: FlaskClient, address: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
    """Send a form as a page of ours would: with the token of the browser's session."""
    page = client.get("/sign-in").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return client.post(address, data={**(data or {}), "csrf_token": found[1]}, **more)
