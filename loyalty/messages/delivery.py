"""Claimed messages sent, one after the other: rendered, composed, handed over; what became of each is told as a mark."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from loyalty.access.tokens import not_me_token
from loyalty.i18n import translated
from loyalty.messages.frozen import thaw
from loyalty.messages.mail import Envelope, compose, wire_address
from loyalty.messages.outbox import Claim, Mark, put_back, retried
from loyalty.messages.rendering import render
from loyalty.messages.rules import WAIT, blames_address, is_final, quiet_until
from loyalty.messages.tokens import unsubscribe_token
from loyalty.messages.transports import Answered, Transport, Unreachable
from loyalty.program.load import Program
from loyalty.program.telling import PRIORITIES
from loyalty.settings import Settings

#: The sender where only a folder or the console is written to and none is set.
NOBODY = "nobody@localhost.invalid"
#: So long before the end of its lease a sender lets go: one mail may take as long as the server's patience lasts.
MARGIN = timedelta(minutes=2)
URGENT = PRIORITIES.index("urgent")


@dataclass(frozen=True)
class Sent:
    """What became of one message; `suppress` where its address is for nothing, with the reason."""

    mark: Mark
    suppress: str | None = None
    address: str = ""


@dataclass
class Sender:
    """Sends messages of a program by the settings, at most `per_second`."""

    program: Program
    settings: Settings
    transport: Transport
    per_second: float
    random: Random = field(default_factory=Random)
    _next: float = 0.0

    def send_all(self, claimed: Claim, refused: Mapping[tuple[int, int], str], clock: Callable[[], datetime]) -> Iterator[Sent]:
        """Send some claimed messages, in their order; none of those that are refused, or whose member is asleep.

        Where the server cannot be reached, the rest waits. It is told by an Unreachable after the last mark. Near the end of
        the lease the rest is given back: what is not ours any more must not be sent.
        """
        for n, row in enumerate(claimed.rows):
            now = clock()
            why = refused.get((row.member_id, row.message_id))
            asleep = self._asleep(row, now)
            if now >= claimed.until - MARGIN:
                yield Sent(put_back(row, now))
            elif why is not None:
                yield Sent(Mark(row.member_id, row.message_id, "dropped", why))
            elif asleep is not None:
                yield Sent(put_back(row, asleep))
            else:
                try:
                    yield self._send(row, clock)
                except Unreachable as error:
                    yield Sent(retried(row, str(error), now, self.random))
                    for later in claimed.rows[n + 1 :]:
                        yield Sent(put_back(later, now + WAIT, str(error)))
                    raise

    def _asleep(self, row: Row[Any], now: datetime) -> datetime | None:
        edition = self.program.edition_on(now.astimezone(self.program.zone).date())
        if row.priority == URGENT or edition is None:
            return None
        return quiet_until(edition.messages.quiet, now, ZoneInfo(row.zone))

    def _send(self, row: Row[Any], clock: Callable[[], datetime]) -> Sent:
        """Send one message. Raises Unreachable."""
        to = wire_address(row.address)
        if to is None:
            return Sent(Mark(row.member_id, row.message_id, "failed", "this is no address that mail can go to"))
        try:
            data = self.mail(row, to, clock())
        except Exception as error:  # a template that cannot be: the others go on
            return Sent(Mark(row.member_id, row.message_id, "failed", f"{type(error).__name__}: {error}"))
        self._wait()
        try:
            self.transport.send(self._envelope(row), to, data)
        except Answered as answer:
            return self._answered(row, answer, clock())
        return Sent(Mark(row.member_id, row.message_id, "sent", sent_at=clock()))

    def _envelope(self, row: Row[Any]) -> str:
        """Where a report of failure goes: it names the message even where the report does not."""
        name, at, domain = self.settings.mail_bounces.partition("@")
        return f"{name}+{row.member_id:x}.{row.message_id:x}@{domain}" if at else self.settings.mail_from or NOBODY

    def _answered(self, row: Row[Any], answer: Answered, now: datetime) -> Sent:
        said = without(row.address, str(answer))
        if not is_final(answer.code):
            return Sent(retried(row, said, now, self.random))
        blamed = answer.recipient and blames_address(answer.code, answer.words)
        return Sent(Mark(row.member_id, row.message_id, "failed", said), said if blamed else None, row.address)

    def _wait(self) -> None:
        """Until the next message may go."""
        now = monotonic()
        if now < self._next:
            sleep(self._next - now)
        self._next = max(self._next, now) + 1 / self.per_second

    def mail(self, row: Row[Any], to: str, at: datetime) -> bytes:
        """A message rendered and composed. Its Message-ID is made of its key and the sender's domain: it never changes."""
        context = thaw(row.context)
        link = self._unsubscribe(row)
        not_me = self._not_me(row, at) if row.kind in self._of_security else None
        portal = portal_of(self.program, self.settings)
        context["links"] = {"portal": portal, "preferences": self.preferences, "unsubscribe": link, "not_me": not_me}
        rendered = render(row.kind, context, row.locale, self.program.file.brand)
        sender = self.settings.mail_from or NOBODY
        language = translated(row.locale)
        envelope = Envelope(
            sender, sender_name(self.program, row.locale, at), to, message_id_of(row, sender), at, language.tag, link
        )
        return compose(envelope, rendered.subject, rendered.text, rendered.html)

    @cached_property
    def _of_security(self) -> set[str]:
        """The kinds of message that tell of security: they carry the link that says "it was not me"."""
        rows = (one for edition in self.program.editions for one in edition.messages.messages)
        return {one.name for one in rows if one.of == "security"}

    @property
    def preferences(self) -> str | None:
        """Where members choose what they hear: a page of the deployment; none where it serves none."""
        given = self.settings.web_address and self.settings.secret
        return f"{self.settings.web_address}/me/preferences" if given else None

    def _not_me(self, row: Row[Any], at: datetime) -> str | None:
        if not self.settings.secret or not self.settings.web_address:
            return None
        return f"{self.settings.web_address}/not-me/{not_me_token(self.settings, row.member_id, at)}"

    def _unsubscribe(self, row: Row[Any]) -> str | None:
        if row.consent is None or not self.settings.secret or not self.settings.web_address:
            return None
        return f"{self.settings.web_address}/unsubscribe/{unsubscribe_token(self.settings, row.member_id, row.consent)}"


def portal_of(program: Program, settings: Settings) -> str:
    """Where members find their account: the pages of the deployment, else the program's own."""
    return settings.web_address or program.file.brand.url or ""


def sender_name(program: Program, locale: str, at: datetime) -> str:
    """What the sender is called in a language, by the edition of an instant."""
    edition = program.edition_on(at.astimezone(program.zone).date())
    texts = edition.messages.sender if edition is not None and edition.messages.sender else program.file.name
    return translated(locale).own(texts)


def without(address: str, text: str) -> str:
    """What a server said, kept without the address that it repeats."""
    return re.sub(re.escape(address), "...", text, flags=re.IGNORECASE)


def message_id_of(row: Row[Any], sender: str) -> str:
    """The Message-ID of a message."""
    return f"<{row.member_id:x}.{row.message_id:x}@{sender.rpartition('@')[2]}>"
