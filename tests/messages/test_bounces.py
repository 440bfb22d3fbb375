"""Reports of mail that was not delivered: as mail servers write them, broken, repeated, and forged."""

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from loyalty.cli import main
from loyalty.jobs.deployment import Deployment
from loyalty.messages.bounces import Malformed, read_report, take
from loyalty.messages.outbox import suppressed
from loyalty.messages.tables import Bounce
from tests.jobs import orbit
from tests.messages import told
from tests.messages.told import Deploy, at, build, enrol, opened, rows

DAY = "2026-01-01"


def report(
    about: str,
    address: str = "m@members.example",
    status: str = "5.1.1",
    action: str = "failed",
    to: str = "club@orbit.example",
    part: str = "text/rfc822-headers",
) -> bytes:
    """A report as Postfix writes it: text, delivery-status, and what is returned."""
    headers = f"From: Orbit <club@orbit.example>\r\nMessage-ID: {about}\r\nSubject: Welcome\r\n"
    returned = headers + ("\r\nbody\r\n" if part == "message/rfc822" else "")
    return (
        f"From: MAILER-DAEMON@relay.example\r\nTo: {to}\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; relay.example\r\nArrival-Date: Thu, 1 Jan 2026 14:00:00 +0000\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} no such\r\n user\r\n\r\n"
        f"--b\r\nContent-Type: {part}\r\n\r\n{returned}\r\n--b--\r\n"
    ).encode()


@pytest.fixture
def welcomed(deploy: Deploy, tmp_path: Path) -> Deployment:
    deployment = opened(deploy, tmp_path)
    enrol(deployment, "M")
    build(deployment, at(DAY, 13))
    told.send(deployment, at(DAY, 14))
    return deployment


def message_id(deployment: Deployment) -> str:
    (row,) = rows(deployment)
    return f"<{row.member_id:x}.{row.message_id:x}@orbit.example>"


def taken(deployment: Deployment, data: bytes) -> Any:
    with deployment.store.transaction() as session:
        return take(session, read_report(data), at(DAY, 15))


@pytest.mark.parametrize("part", ["text/rfc822-headers", "message/rfc822"])
def test_a_failure_for_good_ends_mail_to_the_address(welcomed: Deployment, part: str) -> None:
    data = report(message_id(welcomed), part=part)
    first, again = taken(welcomed, data), taken(welcomed, data)
    assert (first.new, first.suppressed, again.new, again.suppressed) == (True, True, False, False)
    assert first.report.words == "smtp; 550 5.1.1 no such user"
    with welcomed.store.reading() as session:
        assert suppressed(session, ["M@members.example"]) == {"m@members.example"}
    orbit.travelled(welcomed, "M", "a", "2026-01-02", 120)
    assert build(welcomed, at("2026-01-02", 13)).changes == 0


def test_what_may_pass_is_counted_and_stops_nothing(welcomed: Deployment) -> None:
    for status, action in (("4.4.7", "delayed"), ("4.2.2", "failed"), ("5.2.2", "failed"), ("5.7.1", "failed")):
        assert not taken(welcomed, report(message_id(welcomed), status=status, action=action)).suppressed
    with welcomed.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Bounce)) == 4
        assert suppressed(session, ["m@members.example"]) == set()


def test_a_report_without_the_message_is_known_by_its_envelope(welcomed: Deployment) -> None:
    key = message_id(welcomed).strip("<>").partition("@")[0]
    assert taken(welcomed, report("", to=f"bounces+{key}@orbit.example")).suppressed


def forged(about: str) -> bytes:
    return report(about, address="victim@members.example")


def plain(_about: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "Out of office"
    mail.set_content("I am away.")
    return mail.as_bytes()


def without_status(about: str) -> bytes:
    return report(about).replace(b"Status: 5.1.1\r\n", b"")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (plain, "allowed: multipart/report"),
        (without_status, "it has no status"),
        (lambda about: report(about).replace(b"message/delivery-status", b"text/plain"), "no message/delivery-status"),
        (lambda _about: report("<x@y.example>"), "it names no message of ours"),
        (lambda _about: report("<1.1@orbit.example>"), "a message that we did not send"),
        (lambda _about: report("<ffffffffffffffff.1@orbit.example>"), "it names no message of ours"),
        (forged, "about another address"),
        (lambda _about: b"\x00\xff" * 50, "allowed: multipart/report"),
        (lambda _about: b"", "allowed: multipart/report"),
        (lambda about: report(about)[:400], "it "),
        (lambda about: report(about) + b"x" * 2_000_001, "longer than"),
    ],
)
def test_what_is_no_report_of_ours_changes_nothing(welcomed: Deployment, make: Callable[[str], bytes], why: str) -> None:
    with pytest.raises(Malformed, match=why):
        taken(welcomed, make(message_id(welcomed)))
    with welcomed.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Bounce)) == 0


def test_the_command_reads_a_folder_tells_what_is_wrong_and_goes_on(welcomed: Deployment, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.eml").write_bytes(plain(""))
    (folder / "2.eml").write_bytes(report(message_id(welcomed)))
    environ = dict(orbit.environment(welcomed))
    result = CliRunner().invoke(main, ["messages", "bounces", str(folder)], env=environ)
    assert result.exit_code == 1
    assert result.stderr == "1.eml: it is text/plain; allowed: multipart/report\n"
    assert result.stdout == "2.eml: 5.1.1 for good: suppressed.\n"
    one = CliRunner().invoke(main, ["messages", "bounces", "-"], env=environ, input=report(message_id(welcomed)))
    assert (one.exit_code, one.stdout) == (0, "stdin: 5.1.1 for good: known already.\n")
    listed = CliRunner().invoke(main, ["messages", "suppressed"], env=environ)
    assert "m@members.example" in listed.stdout and "reported 5.1.1" in listed.stdout
    lifted = CliRunner().invoke(main, ["messages", "suppressed", "--lift", "M@members.example"], env=environ)
    assert lifted.stdout == "It is sent to again.\n"
