"""A system that is told: a real HTTP server that keeps what it is sent, and what tests do with it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import time_machine
from sqlalchemy import select
from standardwebhooks import Webhook

from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Result, RunKey
from loyalty.jobs.webhooks import announce, send_webhooks
from loyalty.messages.webhook_operations import By, add
from loyalty.messages.webhook_tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from loyalty.settings import networks

BY = By("ann", "asked for")


@dataclass
class Sent:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


#: What a receiver does with a request: status, further headers, body.
Answering = Callable[[Sent], tuple[int, dict[str, str], bytes]]


def fine(_sent: Sent) -> tuple[int, dict[str, str], bytes]:
    return 204, {}, b""


def always(status: int, **headers: str) -> Answering:
    return lambda _sent: (status, {name.replace("_", "-"): value for name, value in headers.items()}, b"said")


@dataclass
class Receiver:
    """What arrived, in its order; `answer` may be changed at any time."""

    port: int
    answer: Answering = fine
    sent: list[Sent] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def take(self, sent: Sent) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.sent.append(sent)
        return self.answer(sent)

    def types(self, member: str = "") -> list[str]:
        events = [one.event for one in self.sent]
        return [event["type"] for event in events if member in ("", event["data"]["member"])]

    def forget(self) -> None:
        self.sent.clear()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for as long as it is needed."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length).decode()
            if len(body.encode()) < length:
                self.close_connection = True  # the sender was killed: that is no request
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, answer = receiver.take(Sent(self.path, headers, body))
            self.send_response(status)
            for name, value in {"content-length": str(len(answer)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True  # it was not read to its end

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1])
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# --- a deployment that tells --------------------------------------------------------------------------------------


def local(deployment: Deployment, **more: object) -> Deployment:
    """The same deployment, which may call this machine."""
    return Deployment(replace(deployment.settings, webhook_networks="127.0.0.0/8", **more))  # type: ignore[arg-type]


def told(deployment: Deployment, url: str, now: datetime, *types: str) -> tuple[int, str]:
    """An endpoint told of some types, of all without any, from now on: its number and its secret."""
    with deployment.store.transaction() as session:
        allowed = networks(deployment.settings.webhook_networks)
        endpoint, secret = add(session, url, types or ("*",), "", allowed, BY, now)
        return endpoint.endpoint_id, secret


def silent(_done: int, _all: int) -> None:
    pass


def announced(deployment: Deployment, now: datetime) -> Result:
    """One run of the job that makes deliveries."""
    return announce(deployment, RunKey("announce", now, deployment.today(now)), now, 1, silent)


def sent_out(deployment: Deployment, now: datetime) -> Result:
    """One run of the job that sends."""
    return send_webhooks(deployment, RunKey("webhooks", now, deployment.today(now)), now, 1, silent)


def both(deployment: Deployment, now: datetime) -> Result:
    announced(deployment, now)
    return sent_out(deployment, now)


def deliveries(deployment: Deployment) -> list[WebhookDelivery]:
    """All deliveries in the order of their member and number."""
    order = (WebhookDelivery.endpoint_id, WebhookDelivery.member_id, WebhookDelivery.n)
    with deployment.store.reading() as session:
        return list(session.scalars(select(WebhookDelivery).order_by(*order)))


def attempts(deployment: Deployment) -> list[WebhookAttempt]:
    with deployment.store.reading() as session:
        return list(session.scalars(select(WebhookAttempt).order_by(WebhookAttempt.at, WebhookAttempt.n)))


def endpoint(deployment: Deployment, endpoint_id: int = 1) -> WebhookEndpoint:
    with deployment.store.reading() as session:
        return session.get_one(WebhookEndpoint, endpoint_id)


def verified(sent: Sent, secret: str, at: datetime) -> dict[str, Any]:
    """What a receiver reads, who has a secret and looks at the clock at an instant. Raises WebhookVerificationError."""
    with time_machine.travel(at, tick=False):
        found: dict[str, Any] = Webhook(secret).verify(sent.body, sent.headers)
    return found
