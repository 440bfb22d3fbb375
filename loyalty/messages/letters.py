"""Letters that carry a link: rendered, the link signed, composed and handed over. Their links are kept nowhere."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from loyalty.access.links import about
from loyalty.access.tables import Link
from loyalty.access.tokens import PATHS, link_address
from loyalty.i18n import translated
from loyalty.messages.delivery import NOBODY, portal_of, sender_name, without
from loyalty.messages.mail import Envelope, compose, wire_address
from loyalty.messages.rendering import render
from loyalty.messages.rules import is_final, wait_after
from loyalty.messages.transports import Answered, Transport
from loyalty.program.load import Program
from loyalty.settings import Settings

#: The template of all letters; they differ by what they say.
KIND = "link"


@dataclass(frozen=True)
class Carried:
    """What became of a letter: the values of `mark_letter`."""

    state: str
    error: str
    next_at: datetime
    sent_at: datetime | None = None


def carry(
    program: Program, settings: Settings, transport: Transport, link: Link, number: str, now: datetime, random: Random
) -> Carried:
    """Hand over one letter. One whose link has ended is given up; what may pass is tried again until then.

    Raises Unreachable where there is no server to speak to.
    """
    to = wire_address(link.address)
    if to is None or now >= link.expires_at:
        return Carried("failed", "this is no address that mail can go to" if to is None else "its link has ended", now)
    try:
        transport.send(settings.mail_from or NOBODY, to, letter(program, settings, link, to, number, now))
    except Answered as answer:
        said = without(link.address, str(answer))
        return Carried("failed", said, now) if is_final(answer.code) else again(link, said, now, random)
    return Carried("sent", "", now, now)


def again(link: Link, error: str, now: datetime, random: Random) -> Carried:
    """To be tried again later."""
    return Carried("waiting", error, now + wait_after(link.attempts, random))


def letter(program: Program, settings: Settings, link: Link, to: str, number: str, now: datetime) -> bytes:
    """A letter as a mail."""
    sender = settings.mail_from or NOBODY
    message_id = f"<link.{link.link_id:x}.{int(link.made_at.timestamp()):x}@{sender.rpartition('@')[2]}>"
    rendered = render(KIND, context(program, settings, link, number, now), link.locale, program.file.brand)
    language = translated(link.locale)
    envelope = Envelope(sender, sender_name(program, link.locale, now), to, message_id, now, language.tag)
    return compose(envelope, rendered.subject, rendered.text, rendered.html)


def context(program: Program, settings: Settings, link: Link, number: str, now: datetime) -> dict[str, Any]:
    """What the template is given; `number` is that of the only member of the address."""
    said = about(link)
    return {
        "program": {"name": translated(link.locale).own(program.file.name), "url": program.file.brand.url},
        "member": {"number": number, "zone": program.file.zone},
        "links": {"portal": portal_of(program, settings), "preferences": None, "unsubscribe": None},
        "fact": {
            "what": said.get("says") or link.purpose, "until": link.expires_at, "new": said.get("new", ""),
            "link": link_address(settings, link) if link.purpose in PATHS else f"{settings.web_address}/join",
        },
    }  # fmt: skip
