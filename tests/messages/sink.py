"""A mail server of the tests: a real one, that takes, refuses or breaks off as it is told."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass
class Sink:
    """What came in, in its order: (envelope sender, recipient, bytes). `answer` tells what to say to a recipient or to data."""

    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    to_recipient: Callable[[str], str] = lambda _address: "250 OK"
    to_data: Callable[[str], str] = lambda _address: "250 OK"
    connections: int = 0
    signed_in: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        answer = self.to_recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.to_data(envelope.rcpt_tos[0])
        if answer.startswith("250"):
            with self.lock:
                self.taken.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.original_content))
        return answer

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.signed_in.append(data.login.decode())
        return AuthResult(success=data.password == b"right", handled=False)

    @property
    def mails(self) -> list[EmailMessage]:
        """What came in, read."""
        return [cast(EmailMessage, message_from_bytes(data, policy=default)) for _, _, data in self.taken]

    @property
    def recipients(self) -> list[str]:
        return [to for _, to, _ in self.taken]


@contextmanager
def serving(tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[tuple[Sink, str]]:
    """A running server and its address, smtp://127.0.0.1:PORT."""
    sink = Sink()
    if tls is not None:
        options |= {"tls_context": tls, "require_starttls": True, "authenticator": sink.authenticate, "auth_required": True}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield sink, f"{'smtp+starttls' if tls else 'smtp'}://{'localhost' if tls else '127.0.0.1'}:{port}"
    finally:
        controller.stop(no_assert=True)
