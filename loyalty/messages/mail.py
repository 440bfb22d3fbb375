"""A message as the bytes of a mail (RFC 5322, MIME). Pure.

Written out here rather than with EmailMessage, which folds every header by a parser of its own and takes ten times as long.
"""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr

#: What must not stand in a header: it would begin another one.
_BREAKS = re.compile(r"[\r\n\x00]+")
#: RFC 5322 takes lines of 998 octets; some servers count otherwise.
_LONGEST = 900


@dataclass(frozen=True)
class Envelope:
    """Who sends a mail to whom, under which Message-ID; the address that unsubscribes, where it can be refused."""

    sender: str
    sender_name: str
    to: str
    message_id: str
    at: datetime
    language: str
    unsubscribe: str | None = None


def compose(envelope: Envelope, subject: str, text: str, html: str) -> bytes:
    """The mail, text and HTML, with lines that end as SMTP wants them. The same input gives the same bytes."""
    boundary = f"=_{envelope.message_id.strip('<>').partition('@')[0]}"
    lines = [
        _header("From", formataddr((_plain(envelope.sender_name), envelope.sender))),
        _header("To", _plain(envelope.to)),
        _header("Subject", _plain(subject)),
        f"Date: {format_datetime(envelope.at)}",
        f"Message-ID: {envelope.message_id}",
        "MIME-Version: 1.0",
        "Auto-Submitted: auto-generated",
        f"Content-Language: {envelope.language}",
        *_unsubscribe(envelope.unsubscribe),
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
    ]
    parts = [_part("plain", text), _part("html", html)]
    body = b"".join(b"\r\n--%s\r\n%s" % (boundary.encode(), part) for part in parts)
    return "\r\n".join(lines).encode("ascii") + body + b"\r\n--%s--\r\n" % boundary.encode()


def _unsubscribe(address: str | None) -> Iterable[str]:
    """RFC 8058: one POST to the address is enough. It speaks of https alone."""
    if address is not None:
        yield f"List-Unsubscribe: <{address}>"
        if address.startswith("https://"):
            yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


def _plain(text: str) -> str:
    return _BREAKS.sub(" ", text).strip()


def _header(name: str, value: str) -> str:
    if value.isascii() and len(name) + len(value) < 76:
        return f"{name}: {value}"
    if name == "From":
        shown, address = parseaddr(value)
        return f"{name}: {_folded(name, shown)} <{address}>"
    return f"{name}: {_folded(name, value)}"


def _folded(name: str, value: str) -> str:
    return Header(value, None if value.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")


def _part(kind: str, text: str) -> bytes:
    """One part: as it is where it is plain and short of line, else quoted, or, where most of it is not ASCII, in base64."""
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    if text.isascii() and max(map(len, data.split(b"\n"))) <= _LONGEST:
        encoding, body = "7bit", data.replace(b"\n", b"\r\n")
    elif len(data) - len(text) > len(text) // 6:
        encoding, body = "base64", _base64(data.replace(b"\n", b"\r\n"))
    else:
        encoding, body = "quoted-printable", binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def _base64(data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))


def wire_address(address: str) -> str | None:
    """An address as mail servers know it: a domain of other letters in its ASCII form. None where it is no address."""
    name, at, domain = address.strip().rpartition("@")
    if not (at and name and domain and name.isascii()) or re.search(r"[\s<>,\x00-\x1f]", address.strip()):
        return None
    try:
        return f"{name}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return None
