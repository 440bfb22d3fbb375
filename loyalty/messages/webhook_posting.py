"""One request to an endpoint: the address resolved and looked at, the whole of it within a time, the start of the answer kept.

The guard works where the connection is made: on the very address that is connected to, so that a name cannot stand for one
address when it is looked at and for another when it is called. httpx does not give that place away; httpcore, beneath it, does.
"""

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpcore

from loyalty.messages.webhooks import Network, forbidden, may_call

#: Seconds for one attempt: connecting, sending, and the answer.
TIME = 15.0
#: Bytes of an answer that are kept; no more of it is read.
KEPT = 1024


class Forbidden(Exception):
    """An address that is not called."""


class Answer(NamedTuple):
    """What came of a request: the status, or the error where there was no answer; milliseconds; the start of the answer."""

    status: int | None
    error: str
    took: int
    text: str = ""
    retry_after: str = ""


def resolve(host: str, port: int) -> list[str]:
    """The addresses that a name stands for. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Caller:
    """Posts to endpoints, one request after the other; connections are kept for a moment. Not for two threads at once."""

    def __init__(
        self, networks: Sequence[Network], context: SSLContext | None = None,
        resolver: Callable[[str, int], list[str]] = resolve, time: float = TIME,
    ) -> None:  # fmt: skip
        self.guard = _Guard(networks, resolver)
        self.time = time
        self.pool = httpcore.ConnectionPool(
            ssl_context=context, network_backend=self.guard, keepalive_expiry=5, max_connections=1
        )

    def post(self, url: str, headers: Mapping[str, str], body: str) -> Answer:
        """Send a body. Redirects are answers like others. Raises nothing of what can go wrong on the way."""
        begun = monotonic()
        self.guard.begin(urlsplit(url).scheme, begun + self.time)
        try:
            status, text, retry_after = self._post(url, headers, body)
        except Exception as error:  # whatever it is, it is this attempt's: the others go on
            return Answer(None, f"{type(error).__name__}: {error}".replace("\0", "")[:KEPT], _since(begun))
        return Answer(status, "", _since(begun), text, retry_after)

    def _post(self, url: str, headers: Mapping[str, str], body: str) -> tuple[int, str, str]:
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self.time)
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        with self.pool.stream("POST", url, headers=sent, content=body.encode(), extensions={"timeout": timeout}) as response:
            told = {name.lower(): value for name, value in response.headers}
            return response.status, _start(response.iter_stream()), told.get(b"retry-after", b"").decode("latin-1")[:100]

    def close(self) -> None:
        """Close the connections."""
        self.pool.close()


def _since(begun: float) -> int:
    return round((monotonic() - begun) * 1000)


def _start(stream: Iterable[bytes]) -> str:
    """The start of an answer as text that any column holds."""
    found = b""
    for part in stream:
        found += part
        if len(found) >= KEPT:
            break
    return found[:KEPT].decode("utf-8", "replace").replace("\0", "")


# --- the guard ----------------------------------------------------------------------------------------------------


class _Guard(httpcore.NetworkBackend):
    """Connects to addresses that may be called, and ends what takes too long."""

    def __init__(self, networks: Sequence[Network], resolver: Callable[[str, int], list[str]]) -> None:
        self.networks, self.resolver = networks, resolver
        self.backend = httpcore.SyncBackend()
        self.scheme, self.deadline = "https", 0.0

    def begin(self, scheme: str, deadline: float) -> None:
        """A request begins; it is to be over by a deadline."""
        self.scheme, self.deadline = scheme, deadline

    def left(self, timeout: float | None) -> float:
        """Seconds left of the request, of a timeout at most. Raises ReadTimeout where none are."""
        left = self.deadline - monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer took too long")
        return min(left, timeout or left)

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Connect to the first address of a host that answers. Raises Forbidden where any of them may not be called."""
        addresses = self.resolver(host, port)
        for address in addresses:
            if not may_call(address, self.scheme, self.networks):
                raise Forbidden(forbidden(address))
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return _Timed(self.backend.connect_tcp(address, port, self.left(timeout), local_address, socket_options), self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


@dataclass
class _Timed(httpcore.NetworkStream):
    """A connection on which every step is within the time of the whole request: a receiver that sends a byte now and then
    does not hold a sender."""

    stream: httpcore.NetworkStream
    guard: _Guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.guard.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, self.guard.left(timeout))

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self.stream.start_tls(ssl_context, server_hostname, self.guard.left(timeout)), self.guard)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)

    def close(self) -> None:
        self.stream.close()
