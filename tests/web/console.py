"""A console to test against: the portal, with staff of every role, signed in with a second step that is fresh."""

import re
from typing import Any

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.access.staff import Hired, add
from loyalty.access.staff_signed import begin_staff, note_step, staff_viewer
from loyalty.access.staff_tables import Staff
from loyalty.access.steps import sealed
from loyalty.audit.chain import Actor
from loyalty.audit.tables import AuditLine
from loyalty.web.staff.guard import TOKEN
from tests.web.portal import SECRET, Portal

ROLES = ("agent", "supervisor", "loyalty_manager", "finance", "auditor", "administrator")
#: The secret of everyone's app.
APP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Console(Portal):
    """Staff by the first part of their address; one of each role is called by it, `other` is a second supervisor."""

    def hire(self, name: str, *roles: str) -> str:
        """Someone who has chosen a password, and set up the second step; the password that was made."""
        with self.deployment.store.transaction() as session:
            hired = Hired(f"{name}@house.example", name.title(), roles or (name,))
            staff, password = add(session, self.deployment.roles, Actor("command", "command"), hired, self.now)
            staff.password_at, staff.totp = self.now, sealed(self.deployment.settings, APP)
        return password

    def staff(self, name: str, *roles: str) -> FlaskClient:
        """A browser in which someone is signed in; they are hired where they were not yet."""
        with self.deployment.store.transaction() as session:
            known = session.scalar(select(Staff.staff_id).where(Staff.name == f"{name}@house.example"))
        if known is None:
            self.hire(name, *roles)
        with self.deployment.store.transaction() as session:
            staff_id = session.scalars(select(Staff.staff_id).where(Staff.name == f"{name}@house.example")).one()
            token = begin_staff(session, staff_id, "password", self.now, "192.0.2.7")
            viewer = staff_viewer(session, token, self.now)
            assert viewer is not None
            note_step(session, viewer.sign_in_id, self.now)
        client = self.app.test_client()
        with client.session_transaction() as kept:
            kept[TOKEN] = token
        return client

    def code(self) -> str:
        """What everyone's app shows now."""
        return pyotp.TOTP(APP).at(self.now)

    def lines(self, act: str) -> list[AuditLine]:
        with self.deployment.store.reading() as session:
            return list(session.scalars(select(AuditLine).where(AuditLine.act == act).order_by(AuditLine.n)))


def post(client: FlaskClient, address: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
    """Send a form as a page of the console would."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/staff/sign-in").text)
    assert found is not None
    return client.post(address, data={**(data or {}), "csrf_token": found[1]}, **more)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return found[1]


__all__ = ["APP", "ROLES", "SECRET", "Console", "hidden", "post"]
