"""A draft proposed to be published: another decides on it, as on every act that must be asked for."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.access.roles import Roles
from loyalty.desk.approvals import Asked, Who, not_allowed, record
from loyalty.desk.performing import stated
from loyalty.desk.publishing import PUBLISH, publishable
from loyalty.desk.tables import Approval
from loyalty.keys import dumps
from loyalty.program.load import Program
from loyalty.published.drafts import draft_of


def propose(
    session: Session, program: Program, roles: Roles, who: Who, draft_id: int, reason: str, key: str, now: datetime
) -> Asked:
    """Ask for a draft to be published; it is judged anew when it is approved. The same key is answered as the first time.

    Also who may publish without asking asks. Raises Refused: `not_allowed`, `reason_missing`, `bad_field`, `key_reused`, and
    what `publishable` raises.
    """
    if roles.may(who.roles, PUBLISH) == "no":
        raise not_allowed(PUBLISH)
    stated(reason, key)
    draft = draft_of(session, draft_id)
    if session.scalar(select(Approval.approval_id).where(Approval.key == key)) is None:
        publishable(session, program, draft_id, now)
    told = {"draft": draft_id, "begins": draft.begins.isoformat(), "hash": draft.hash}
    row = Approval(act=PUBLISH, number="", input=dumps(told), size=1, reason=reason, key=key)
    return record(session, who, row, None, now)
