"""The engine's catalogue of what staff may be allowed to do: the names that roles are written with. Pure.

What the audit log names beside them, which no role gives, is called here too.

Reading is an act too. What an act on a member takes, and how it is done, is in loyalty/desk/acts.py.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from loyalty.i18n import _


class Known(NamedTuple):
    """An act: what pages call it, and what its size counts, empty where it has none and so no limit."""

    label: str
    counts: str = ""


TIER = _("place of the tier in the ladder, 0 the lowest")
ACTS: Mapping[str, Known] = MappingProxyType(
    {
        # reading
        "member.read": Known(_("Find and read members")),
        "file.read": Known(_("Read customer files and the review list")),
        "desk.read": Known(_("Read queues, services and inventory")),
        "program.read": Known(_("Read editions and messages")),
        "jobs.read": Known(_("Read jobs and their history")),
        "overview.read": Known(_("Read the overview")),
        "finance.read": Known(_("Read the books and what is owed")),
        "staff.read": Known(_("Read who is staff, with which roles")),
        "audit.read": Known(_("Read the audit log")),
        "approval.read": Known(_("Read what waits for approval")),
        # on a member
        "activity.post": Known(_("Post an activity")),
        "activity.reverse": Known(_("Reverse an activity")),
        "activity.correct": Known(_("Correct an activity")),
        "points.adjust": Known(_("Adjust an amount"), _("units, whole ones, up or down")),
        "benefit.grant": Known(_("Grant a benefit"), _("pieces")),
        "benefit.extend": Known(_("Put off the end of a benefit")),
        "benefit.use": Known(_("Use a benefit"), _("pieces")),
        "benefit.return": Known(_("Give back what was used")),
        "benefit.revoke": Known(_("Revoke a benefit")),
        "benefit.pick": Known(_("Pick an option of a choice")),
        "benefit.share": Known(_("Share the status with a companion")),
        "companion.name": Known(_("Name a companion")),
        "companion.end": Known(_("End a companion")),
        "tier.grant": Known(_("Grant a tier"), TIER),
        "tier.offer": Known(_("Match a status, or begin a challenge"), TIER),
        "tier.extend": Known(_("Extend the tier"), _("days")),
        "tier.revoke": Known(_("Revoke a tier")),
        "tier.waive": Known(_("Waive a shortfall"), TIER),
        "milestone.choose": Known(_("Choose at a milestone")),
        "member.change": Known(_("Change name, address, phone, language")),
        "member.attributes": Known(_("Change attributes")),
        "member.freeze": Known(_("Freeze a member")),
        "member.unfreeze": Known(_("Lift a freeze")),
        "member.leave": Known(_("End the membership")),
        "message.resend": Known(_("Send a message again")),
        "note.add": Known(_("Add a note")),
        "file.change": Known(_("Change the customer file")),
        "file.review": Known(_("Note that the customer file was reviewed")),
        "manager.assign": Known(_("Assign the account manager")),
        "contact.set": Known(_("Keep a key contact")),
        "contact.remove": Known(_("Remove a key contact")),
        "competitor.set": Known(_("Keep competitor information")),
        "competitor.remove": Known(_("Remove competitor information")),
        "case.answer": Known(_("Answer a case")),
        "case.close": Known(_("Close a case")),
        "request.cancel": Known(_("Cancel a request")),
        "request.skip": Known(_("Let a request be passed over")),
        "request.unskip": Known(_("Let a request stand in the queue again")),
        "request.give_back": Known(_("Offload: take back what a request was given")),
        # on many, on the program, on the house
        "bulk.run": Known(_("Do an act for many members"), _("rows")),
        "service.change": Known(_("Change services and their units"), _("units changed; all units where the whole service is")),
        "service.clear": Known(_("Clear a queue now")),
        "program.draft": Known(_("Try a draft of an edition")),
        "program.publish": Known(_("Publish an edition")),
        "jobs.run": Known(_("Run a job now")),
        "staff.change": Known(_("Add and end staff, change their roles")),
        "audit.export": Known(_("Export the audit log")),
    }
)
#: What the log names that is no act of a role.
LOGGED: Mapping[str, str] = MappingProxyType(
    {
        "approval.ask": _("Ask for an act"),
        "approval.approve": _("Approve an act for many"),
        "approval.refuse": _("Refuse an act"),
        "approval.withdraw": _("Take back what was asked for"),
        "staff.add": _("Add staff"),
        "staff.roles": _("Change roles of staff"),
        "staff.end": _("End staff"),
        "staff.renew": _("Make a new password for staff"),
        "staff.password": _("Choose a password"),
        "staff.second_step": _("Set up the second step"),
    }
)
