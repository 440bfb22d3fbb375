"""Reports that mail was not delivered (RFC 3464), read and held against the messages that were sent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as Mail
from email.parser import BytesParser
from email.policy import compat32
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.keys import digest
from loyalty.messages.mail import wire_address
from loyalty.messages.outbox import suppress
from loyalty.messages.rules import blames_address
from loyalty.messages.tables import Bounce, Message

#: A report is small; what is larger is no report, and is not read whole.
LARGEST = 2_000_000
_MESSAGE_ID = re.compile(r"<([0-9a-f]{1,16})\.([0-9a-f]{1,16})@[^>\s]+>")
#: The sender of the envelope names the message after a plus.
_ENVELOPE = re.compile(r"\+([0-9a-f]{1,16})\.([0-9a-f]{1,16})@")
_STATUS = re.compile(r"\b([245])\.[0-9]{1,3}\.[0-9]{1,3}\b")


class Malformed(Exception):
    """A mail that is no report of failure, or one that cannot be read; the message says why."""


@dataclass(frozen=True)
class Report:
    """What a report says: which message (member_id, message_id), to which address, with which status, whether for good."""

    member_id: int
    message_id: int
    address: str
    status: str
    words: str
    permanent: bool


def read_report(data: bytes) -> Report:
    """The report of a mail. Raises Malformed."""
    if len(data) > LARGEST:
        raise Malformed(f"it is longer than {LARGEST} bytes")
    mail = BytesParser(policy=compat32).parsebytes(data)
    if mail.get_content_type() != "multipart/report":
        raise Malformed(f"it is {mail.get_content_type()}; allowed: multipart/report")
    fields = _recipient(mail)
    member_id, message_id = _about(mail)
    action, status = fields.get("action", ""), fields.get("status", "")
    code = _STATUS.search(status)
    if code is None:
        raise Malformed("it has no status")
    address = fields.get("original-recipient") or fields.get("final-recipient") or ""
    return Report(
        member_id, message_id, address.partition(";")[2].strip().strip("<>") or address, code[0],
        fields.get("diagnostic-code", ""), action == "failed" and code[1] == "5",
    )  # fmt: skip


def _recipient(mail: Mail) -> Mapping[str, str]:
    """The fields about the recipient: a block of message/delivery-status that has an action."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in (one for one in blocks if isinstance(one, Mail)) if isinstance(blocks, list) else ():
                fields = {name.lower(): " ".join(str(value).split()) for name, value in block.items()}
                if "action" in fields:
                    return {**fields, "action": fields["action"].lower()}
    raise Malformed("it has no message/delivery-status about a recipient")


def _about(mail: Mail) -> tuple[int, int]:
    """Which message it is about: by the Message-ID of what is returned, else by the address to which the report came."""
    for found in _message_ids(mail):
        member, message = (int(part, 16) for part in found)
        if member < 2**63 and message < 2**63:
            return member, message
    raise Malformed("it names no message of ours")


def _message_ids(mail: Mail) -> Iterator[tuple[str, str]]:
    for part in mail.walk():
        kind = part.get_content_type()
        if part.get("Message-ID") and part is not mail:
            yield from _MESSAGE_ID.findall(str(part["Message-ID"]))  # of what is returned, whole
        elif kind == "text/rfc822-headers":
            text = part.get_payload(decode=True)
            yield from _MESSAGE_ID.findall(text.decode("utf-8", "replace") if isinstance(text, bytes) else "")
    for name in ("References", "In-Reply-To"):
        yield from _MESSAGE_ID.findall(str(mail.get(name, "")))
    for name in ("To", "Delivered-To", "X-Original-To"):
        yield from _ENVELOPE.findall(str(mail.get(name, "")))


@dataclass(frozen=True)
class Taken:
    """What came of a report: `new` unless it was read before, `suppressed` where the address takes no mail any more."""

    report: Report
    new: bool
    suppressed: bool


def take(session: Session, report: Report, now: datetime) -> Taken:
    """Record a report about a message that was sent. A failure for good that is the address's own suppresses it.

    Raises Malformed where there is no such message, or it was sent to another address: who knows no message of ours cannot
    stop one.
    """
    message = session.get(Message, (report.member_id, report.message_id))
    if message is None:
        raise Malformed("it is about a message that we did not send")
    if report.address.lower() not in {message.address.lower(), (wire_address(message.address) or "").lower()}:
        raise Malformed("it is about another address than that of the message")
    bounce_id = digest("bounce", report.status, report.words, str(report.permanent))
    known = session.get(Bounce, (report.member_id, report.message_id, bounce_id))
    if known is None:
        session.add(Bounce(
            member_id=report.member_id, message_id=report.message_id, bounce_id=bounce_id, permanent=report.permanent,
            status=report.status, at=now,
        ))  # fmt: skip
    blamed = report.permanent and blames_address(550, report.status)
    stopped = blamed and suppress(session, message.address, f"reported {report.status}", now)
    session.flush()
    return Taken(report, known is None, stopped)


def bounces_of(session: Session, member_id: int) -> list[Any]:
    """What came back of a member's messages, first to last."""
    return list(session.scalars(select(Bounce).where(Bounce.member_id == member_id).order_by(Bounce.at, Bounce.message_id)))
