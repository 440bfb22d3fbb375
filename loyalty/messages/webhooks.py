"""Webhooks by the Standard Webhooks specification 1.0: types, bodies, signatures, retries, what may be called. Pure."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from random import Random
from secrets import token_bytes
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from loyalty.keys import dumps

Network = IPv4Network | IPv6Network

# --- types --------------------------------------------------------------------------------------------------------

_CHANGE = ("member", "n", "old", "new", "on", "through", "source")
_ACTIVITY = ("member", "source", "key", "version", "kind", "on", "amounts")
_AWARD = ("member", "n", "kind", "name", "times", "window_on", "on", "gifts")
_REQUEST = ("member", "source", "key", "n", "kind", "service", "from_class", "to_class", "size", "state", "reason")
STATES = ("refused", "pending", "waitlisted", "confirmed", "cleared", "not_cleared", "cancelled")
#: Every type of event, with the fields of its data in their order. docs/webhooks.md says what each means.
TYPES: Mapping[str, Sequence[str]] = {
    "member.joined": _CHANGE,
    "member.left": _CHANGE,
    "activity.posted": _ACTIVITY,
    "activity.corrected": _ACTIVITY,
    "activity.reversed": _ACTIVITY,
    "status.raised": _CHANGE,
    "status.kept": _CHANGE,
    "status.lowered": _CHANGE,
    "status.shortened": _CHANGE,
    "award.given": (*_AWARD, "choose_by"),
    "award.chosen": (*_AWARD, "option", "by_default"),
    "award.withdrawn": _AWARD,
    **{f"request.{state}": _REQUEST for state in STATES},
}
#: What `loyalty webhooks test` sends, whatever an endpoint asks for.
TEST = "webhook.test"
EVERY = "*"


def known_pattern(pattern: str) -> bool:
    """Whether a pattern is one type, a group of types (`status.*`), or all (`*`)."""
    return pattern == EVERY or any(_matches(pattern, type_) for type_ in TYPES)


def _matches(pattern: str, type_: str) -> bool:
    return pattern in (EVERY, type_) or (pattern.endswith(".*") and type_.startswith(pattern[:-1]))


def wanted_from(patterns: Mapping[str, str], type_: str) -> datetime | None:
    """The instant from which an endpoint wants facts of a type; none where it does not. `patterns` maps each pattern to the
    instant, as ISO text, at which it was asked for."""
    return min((datetime.fromisoformat(at) for pattern, at in patterns.items() if _matches(pattern, type_)), default=None)


# --- bodies -------------------------------------------------------------------------------------------------------

#: Bytes of a body: what the specification recommends.
LARGEST_BODY = 20_000


def body_of(type_: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The body of an event. Where it would be too large, lists and groups are left out of its data and named in `cut`: the
    receiver asks for them by the rest."""
    whole = _body(type_, at, data)
    if len(whole.encode()) <= LARGEST_BODY:
        return whole
    kept = {name: value for name, value in data.items() if not isinstance(value, list | dict)}
    return _body(type_, at, {**kept, "cut": [name for name in data if name not in kept]})


def _body(type_: str, at: datetime, data: Mapping[str, Any]) -> str:
    return dumps({"type": type_, "timestamp": instant(at), "data": data})


def instant(at: datetime) -> str:
    """An instant as bodies tell it: RFC 3339, UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class DeliveryId(NamedTuple):
    """What a delivery is recognized by: the fact within its member, and the endpoint."""

    member_id: int
    endpoint_id: int
    fact_id: int

    def __str__(self) -> str:
        """The `webhook-id`: the same over retries and replays. It has no full stop, which divides what is signed."""
        return f"msg_{self.endpoint_id}_{self.member_id:x}_{self.fact_id:016x}"


def delivery_id(text: str) -> DeliveryId | None:
    """A delivery by its `webhook-id`; none where the text is no such id."""
    try:
        start, endpoint_id, member_id, fact_id = text.split("_")
        found = DeliveryId(int(member_id, 16), int(endpoint_id), int(fact_id, 16))
    except ValueError:
        return None
    return found if start == "msg" and str(found) == text else None


# --- signatures ---------------------------------------------------------------------------------------------------


def new_secret() -> str:
    """A secret of 32 random bytes, as the specification writes it."""
    return "whsec_" + b64encode(token_bytes(32)).decode()


def headers(id_: str, at: datetime, body: str, secrets: Iterable[str]) -> dict[str, str]:
    """The headers of one attempt, signed with every secret that is valid, so that a receiver may have any of them."""
    signatures = [Webhook(secret).sign(id_, at.astimezone(UTC), body) for secret in secrets]
    return {
        "webhook-id": id_, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signatures),
    }  # fmt: skip


# --- what becomes of an attempt -----------------------------------------------------------------------------------

#: How long after a failed attempt the next one comes; after the last, none does. Of the specification.
WAITS = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
#: A wait is longer by at most this part of it, so that what failed together does not come back together.
JITTER = 0.2
#: What a receiver may ask for by Retry-After: for one delivery, and for everything that goes to it.
LONGEST_WAIT, LONGEST_PAUSE = timedelta(hours=24), timedelta(hours=1)
GONE = 410
#: Answers by which a receiver says that it has too much to do.
BUSY = (429, 502, 503, 504)


def delivered(status: int | None) -> bool:
    """Whether an answer says that the event was taken: 2xx and nothing else."""
    return status is not None and 200 <= status < 300


def next_try(failed: int, now: datetime, asked: timedelta | None, random: Random) -> datetime | None:
    """When to try again after the `failed`-th failure in a row; none where that was the last try. A wait that the receiver
    asked for is kept to, up to a day."""
    if failed > len(WAITS):
        return None
    wait = WAITS[failed - 1]
    return now + max(wait + wait * JITTER * random.random(), min(asked or timedelta(), LONGEST_WAIT))


def asked_wait(retry_after: str, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, seconds or a date; none where it says nothing that can be understood."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), 10**9))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta())


# --- addresses ----------------------------------------------------------------------------------------------------

LONGEST_URL = 2000
_NAT64 = IPv6Network("64:ff9b::/96")


def url_problem(url: str, networks: Sequence[Network]) -> str:
    """Why an endpoint's address cannot be used; empty where it can. What a name stands for is looked at when it is called."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return str(error)
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
        return f"it holds more than {LONGEST_URL} characters, or some that no address has"
    if parts.username is not None or parts.password is not None:
        return "it holds a user name or a password; what is sent is signed instead"
    if parts.fragment or not host or port == 0:
        return "it has no host, port 0, or a part after #"
    if parts.scheme != "https" and not (parts.scheme == "http" and networks):
        return "it does not begin with https:// (http:// is for the networks that the setting webhook_networks names)"
    return _literal_problem(host, parts.scheme, networks)


def _literal_problem(host: str, scheme: str, networks: Sequence[Network]) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    return "" if may_call(str(address), scheme, networks) else forbidden(str(address))


def forbidden(address: str) -> str:
    """Why an address is not called."""
    return f"{address} is not public, or plain http, and in none of the networks that the setting webhook_networks names"


def may_call(address: str, scheme: str, networks: Sequence[Network]) -> bool:
    """Whether a resolved address may be called: one of the networks that the settings name by either scheme, a public one by
    https alone. Otherwise whoever may add an endpoint could reach what only this machine can reach."""
    found = ip_address(address.partition("%")[0])
    inner = _embedded(found)
    if any(one in network for one in (found, inner) if one is not None for network in networks):
        return True
    return scheme == "https" and _public(inner or found)


def _public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
