"""Where mail goes: a mail server, a folder, the console."""

import re
import smtplib
import socket
import ssl
import sys
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from loyalty.errors import Refused
from loyalty.settings import Settings

#: Seconds that a mail server may take for an answer.
PATIENCE = 30
#: Names of this machine: only there mail may go in the clear.
_NAME = re.compile(rb"^Message-ID: <([^@]+)@", re.MULTILINE)
HERE = ("localhost", "127.0.0.1", "::1")


class Answered(Exception):
    """The server took this mail not: an SMTP code, its words, and whether it spoke of the recipient."""

    def __init__(self, code: int, words: str, recipient: bool) -> None:
        self.code, self.words, self.recipient = code, words, recipient
        super().__init__(f"{code} {words}")


class Unreachable(Exception):
    """There is no server to speak to, or it takes no mail from us at all: nothing that is the fault of one mail."""


class Transport(Protocol):
    """Takes mail, one after the other. Raises Answered, Unreachable; `close` never raises."""

    def send(self, sender: str, to: str, data: bytes) -> None:
        """Hand over one mail; when this returns it is taken."""

    def close(self) -> None:
        """Let go of what was opened."""


def transport_of(settings: Settings) -> Transport:
    """The transport of the settings; nothing is opened yet. Raises Refused: `mail_not_set` with what is missing."""
    if not settings.mail:
        raise Refused("mail_not_set", what="the setting mail names no place to send it to")
    if settings.mail == "console":
        return Console()
    if settings.mail.startswith("folder:"):
        return Folder(Path(settings.mail.removeprefix("folder:")))
    _check(settings)
    return Server(settings)


def _check(settings: Settings) -> None:
    """What mail to others must not lack."""
    host = urlsplit(settings.mail).hostname or ""
    for name in ("mail_from", "web_address", "secret"):
        if not getattr(settings, name):
            raise Refused("mail_not_set", what=f"the setting {name} is missing")
    if not settings.web_address.startswith("https://") and host not in HERE:
        raise Refused("mail_not_set", what="the setting web_address must begin with https://")
    if settings.mail.startswith("smtp://") and host not in HERE:
        raise Refused(
            "mail_not_set", what=f"the setting mail would send in the clear to {host}; allowed: smtp+starttls:// or smtps://"
        )


class Server:
    """A mail server; one connection for as many mails as it takes, made anew where it was dropped."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.connection: smtplib.SMTP | None = None

    def send(self, sender: str, to: str, data: bytes) -> None:
        """Hand over one mail. A connection that had gone stale is tried once more; one that breaks while the mail is under way
        leaves open whether it was taken."""
        try:
            fresh = self.connection is None
            connection = self.connection or self._connect()
            if not fresh and not _alive(connection):
                self.close()
                connection = self._connect()
            connection.sendmail(sender, [to], data)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise Answered(code, _text(words), True) from None
        except smtplib.SMTPDataError as error:
            raise Answered(error.smtp_code, _text(error.smtp_error), False) from None
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unreachable(_told(error)) from None

    def _connect(self) -> smtplib.SMTP:
        place = urlsplit(self.settings.mail)
        host, context = place.hostname or "", ssl.create_default_context()
        if place.scheme == "smtps":
            self.connection = smtplib.SMTP_SSL(host, place.port or 465, timeout=PATIENCE, context=context)
        else:
            self.connection = smtplib.SMTP(host, place.port or (25 if place.scheme == "smtp" else 587), timeout=PATIENCE)
        if place.scheme == "smtp+starttls":
            self.connection.starttls(context=context)
        if self.settings.mail_user:
            self.connection.login(self.settings.mail_user, self.settings.mail_password)
        return self.connection

    def close(self) -> None:
        """End the connection."""
        if self.connection is not None:
            connection, self.connection = self.connection, None
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()


def _alive(connection: smtplib.SMTP) -> bool:
    """Whether the server is still there. Cheap: it looks whether the other side has closed, and asks nothing."""
    if connection.sock is None:
        return False
    if isinstance(connection.sock, ssl.SSLSocket):
        return True
    connection.sock.setblocking(False)
    try:
        connection.sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False  # the other side has closed, or said unasked that it will
    finally:
        connection.sock.settimeout(PATIENCE)


def _text(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(text.split())


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


class Folder:
    """One .eml file for each mail, named by its Message-ID, so that a repeat is the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, _sender: str, _to: str, data: bytes) -> None:
        """Write one mail, all of it or nothing."""
        found = _NAME.search(data)
        assert found is not None
        name = found[1].decode()
        self.path.mkdir(parents=True, exist_ok=True)
        part = self.path / f".{name}.part"
        part.write_bytes(data)
        part.rename(self.path / f"{name}.eml")

    def close(self) -> None:
        """Nothing is open."""


class Console:
    """Prints subject and text, to look at."""

    def send(self, _sender: str, to: str, data: bytes) -> None:
        """Print one mail."""
        mail = message_from_bytes(data, policy=default)
        text = mail.get_body(("plain",))
        sys.stdout.write(f"To: {to}\nSubject: {mail['Subject']}\n\n{text.get_content() if text else ''}\n{'-' * 72}\n")

    def close(self) -> None:
        """Nothing is open."""
