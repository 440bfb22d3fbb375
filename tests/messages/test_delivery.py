"""Messages sent to a real mail server: once each, retried, refused, in order, by the clock, also when senders are killed."""

import signal
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import update

from loyalty.errors import Refused
from loyalty.jobs import delivering
from loyalty.jobs.delivering import _batch, ticking
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey, begin
from loyalty.members.consent import consent
from loyalty.members.telling import note, notice
from loyalty.messages import outbox, transports
from loyalty.messages.delivery import Sender
from loyalty.messages.rules import TRIES
from loyalty.messages.tables import Message
from loyalty.messages.tokens import read_token, unsubscribe_token
from loyalty.messages.transports import Answered, Unreachable, transport_of
from loyalty.program.telling import PRIORITIES
from loyalty.settings import Settings
from tests.conftest import NOON
from tests.jobs import orbit
from tests.messages import told
from tests.messages.sink import Sink, serving
from tests.messages.told import Deploy, at, build, enrol, opened, rows, send

DAY = "2026-01-01"


@pytest.fixture
def server() -> Iterator[tuple[Sink, str]]:
    with serving() as made:
        yield made


def welcomed(deploy: Deploy, tmp_path: Path, mail: str, *numbers: str, text: str = told.ALL, **more: object) -> Deployment:
    """Members with a message of welcome each, waiting."""
    deployment = opened(deploy, tmp_path, text, mail=mail)
    enrol(deployment, *(numbers or ("M",)), **more)
    build(deployment, at(DAY, 13))
    return deployment


def states(deployment: Deployment) -> dict[str, int]:
    return dict(Counter(row.state for row in rows(deployment)))


def test_mail_arrives_as_it_was_meant(deploy: Deploy, tmp_path: Path, server: tuple[Sink, str]) -> None:
    sink, address = server
    deployment = welcomed(deploy, tmp_path, address, "M", "N")
    orbit.travelled(deployment, "M", "a", DAY, 120, at(DAY, 13))
    build(deployment, at(DAY, 14))
    result = send(deployment, at(DAY, 15))
    assert (result.status, result.items, result.changes) == ("done", 3, 3)
    assert sink.connections == 1, "one connection for a batch"
    assert Counter(sink.recipients) == {"m@members.example": 2, "n@members.example": 1}
    risen = next(mail for mail in sink.mails if "Low" in mail["Subject"])
    assert risen["From"] == "Orbit <club@orbit.example>"
    row = rows(deployment, "promoted")[0]
    assert risen["Message-ID"] == f"<{row.member_id:x}.{row.message_id:x}@orbit.example>"
    assert timedelta(0) <= risen["Date"].datetime - at(DAY, 15) < timedelta(minutes=1)
    link = risen["List-Unsubscribe"].strip("<>")
    assert read_token(deployment.settings, link.removeprefix("https://orbit.example/unsubscribe/")) == (1, "news")
    assert risen["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = risen.get_body(("plain",))
    assert text is not None and link in text.get_content()
    welcome = next(mail for mail in sink.mails if "Low" not in mail["Subject"])
    assert welcome["List-Unsubscribe"] is None, "what cannot be refused has no link to refuse it"
    assert send(deployment, at(DAY, 16)).items == 0 and len(sink.taken) == 3


def test_bounces_come_to_an_address_that_names_the_message(deploy: Deploy, tmp_path: Path, server: tuple[Sink, str]) -> None:
    sink, address = server
    deployment = told.again(welcomed(deploy, tmp_path, address), mail_bounces="bounces@orbit.example")
    send(deployment, at(DAY, 14))
    row = rows(deployment)[0]
    assert sink.taken[0][0] == f"bounces+{row.member_id:x}.{row.message_id:x}@orbit.example"


def test_what_may_pass_is_tried_again_later_and_later(deploy: Deploy, tmp_path: Path, server: tuple[Sink, str]) -> None:
    sink, address = server
    deployment = welcomed(deploy, tmp_path, address)
    sink.to_recipient = lambda _address: "451 4.7.1 come back later"
    now, waits = at(DAY, 13), []
    for n in range(TRIES):
        send(deployment, now)
        (row,) = rows(deployment)
        assert (row.attempts, row.error) == (n + 1, "451 4.7.1 come back later")
        assert send(deployment, now + timedelta(seconds=20)).items == 0, "not before its time"
        waits.append(row.next_at - now)
        now = row.next_at
    assert row.state == "failed" and waits[0] < waits[3] < waits[6]
    sink.to_recipient = lambda _address: "250 OK"
    assert send(deployment, now + timedelta(days=1)).items == 0
    with deployment.store.transaction() as session:
        assert outbox.retry(session, now, ["welcome"]) == 1
    send(deployment, now)
    assert states(deployment) == {"sent": 1} and len(sink.taken) == 1


@pytest.mark.parametrize(
    ("to_recipient", "to_data", "suppressed"),
    [
        ("550 5.1.1 no such user", "250 OK", True),
        ("550 5.7.1 we do not like you", "250 OK", False),
        ("250 OK", "554 5.6.0 what a message", False),
    ],
)
def test_what_is_final_is_not_tried_again(
    deploy: Deploy, tmp_path: Path, server: tuple[Sink, str], to_recipient: str, to_data: str, suppressed: bool
) -> None:
    sink, address = server
    deployment = welcomed(deploy, tmp_path, address, "M", "N")
    sink.to_recipient = lambda to: to_recipient if to.startswith("m@") else "250 OK"
    sink.to_data = lambda to: to_data if to.startswith("m@") else "250 OK"
    send(deployment, at(DAY, 14))
    assert states(deployment) == {"failed": 1, "sent": 1}
    sink.to_recipient = sink.to_data = lambda _address: "250 OK"
    orbit.travelled(deployment, "M", "a", "2026-01-02", 120)
    build(deployment, at("2026-01-02", 14))
    send(deployment, at("2026-01-02", 15))
    assert ("m@members.example" in sink.recipients) != suppressed
    with deployment.store.transaction() as session:
        assert outbox.lift(session, "M@Members.example") == suppressed


def test_who_says_no_between_the_making_and_the_sending_gets_nothing(
    deploy: Deploy, tmp_path: Path, server: tuple[Sink, str]
) -> None:
    sink, address = server
    deployment = opened(deploy, tmp_path, mail=address)
    enrol(deployment, "M", "N")
    for number in ("M", "N"):
        orbit.travelled(deployment, number, "a", DAY, 120)
    build(deployment, at(DAY, 13))
    with deployment.store.transaction() as session:
        consent(session, 1, "news", False, "one click", at(DAY, 13))
        outbox.suppress(session, "N@members.example", "by hand", at(DAY, 13))
    send(deployment, at(DAY, 14))
    assert [(mail["To"], "Welcome" in mail["Subject"]) for mail in sink.mails] == [("m@members.example", True)]
    assert states(deployment) == {"dropped": 3, "sent": 1}


def test_urgent_first_and_low_last(deploy: Deploy, tmp_path: Path, server: tuple[Sink, str]) -> None:
    sink, address = server
    deployment = opened(deploy, tmp_path, mail=address)
    enrol(deployment, "M")
    orbit.travelled(deployment, "M", "a", DAY, 50)
    build(deployment, at("2026-01-02", 0))
    with deployment.store.transaction() as session:
        notice(session, 1, "security", "k", {"what": "password"}, at("2026-01-02", 1))
    build(deployment, at("2026-01-02", 2))
    send(deployment, at("2026-01-02", 3))
    order = {mail["Message-ID"]: n for n, mail in enumerate(sink.mails)}
    found = sorted(rows(deployment), key=lambda row: order[f"<{row.member_id:x}.{row.message_id:x}@orbit.example>"])
    assert [PRIORITIES[row.priority] for row in found] == ["urgent", "usual", "low"]


def test_a_server_that_is_away_costs_nothing_but_time(deploy: Deploy, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        deployment = welcomed(deploy, tmp_path, f"smtp://127.0.0.1:{taken.getsockname()[1]}", "M", "N", "O")
        with pytest.raises(Unreachable):
            send(deployment, at(DAY, 14))
    assert sorted(row.attempts for row in rows(deployment)) == [0, 0, 1] and states(deployment) == {"waiting": 3}
    with serving() as (sink, address):
        send(told.again(deployment, mail=address), at(DAY, 15))
        assert len(sink.taken) == 3


def test_a_template_that_cannot_be_stops_no_other(
    deploy: Deploy, tmp_path: Path, server: tuple[Sink, str], caplog: pytest.LogCaptureFixture
) -> None:
    _, address = server
    deployment = welcomed(deploy, tmp_path, address, "M", "N")
    with deployment.store.transaction() as session:
        session.execute(update(Message).where(Message.member_id == 1).values(context="{}"))
    send(deployment, at(DAY, 14))
    assert states(deployment) == {"failed": 1, "sent": 1}
    assert "Undefined" in rows(deployment)[0].error
    assert "members.example" not in caplog.text


@pytest.mark.parametrize(
    ("zone", "made", "sent"),
    [
        ("Europe/Paris", "2026-03-28 22:30", "2026-03-29 08:00"),  # the clock goes forward that night
        ("Europe/Paris", "2026-10-24 22:30", "2026-10-25 08:00"),  # and back
        ("America/Chicago", "2026-06-15 02:00", "2026-06-15 08:00"),
        ("Asia/Kathmandu", "2026-06-15 21:00", "2026-06-16 08:00"),
        ("Pacific/Apia", "2026-06-15 07:59", "2026-06-15 08:00"),
        ("Pacific/Apia", "2026-06-15 12:00", "2026-06-15 12:00"),
        ("nowhere", "2026-06-15 23:00", "2026-06-16 08:00"),
    ],
)
def test_quiet_hours_by_the_member_s_clock(
    deploy: Deploy, tmp_path: Path, server: tuple[Sink, str], zone: str, made: str, sent: str
) -> None:
    sink, address = server
    here = ZoneInfo(zone if "/" in zone else "UTC")
    now, then = (datetime.fromisoformat(text).replace(tzinfo=here).astimezone(UTC) for text in (made, sent))
    text = 'quiet: {from: "21:00", until: "08:00"}\n' + told.ALL
    deployment = opened(deploy, tmp_path, text, mail=address)
    enrol(deployment, "M", on=deployment.today(now).isoformat(), attributes={"time_zone": zone})
    with deployment.store.transaction() as session:
        note(session, [1], now - timedelta(minutes=1))
    build(deployment, now)
    (row,) = rows(deployment)
    assert row.next_at == then
    if then > now:
        send(deployment, then - timedelta(seconds=40))
        assert sink.taken == []
    send(deployment, then)
    assert len(sink.taken) == 1


def test_what_is_late_for_the_day_waits_for_the_morning(deploy: Deploy, tmp_path: Path, server: tuple[Sink, str]) -> None:
    """Made by day, but the sender only comes by night: what is urgent goes, the rest waits."""
    sink, address = server
    text = 'quiet: {from: "21:00", until: "08:00"}\n' + told.ALL
    deployment = welcomed(deploy, tmp_path, address, text=text)
    send(deployment, at(DAY, 22))
    (row,) = rows(deployment)
    assert (row.state, row.next_at, row.attempts, sink.taken) == ("waiting", at("2026-01-02", 8), 0, [])
    with deployment.store.transaction() as session:
        session.execute(update(Message).values(priority=0, next_at=at(DAY, 22)))
    send(deployment, at(DAY, 23))
    assert len(sink.taken) == 1


def test_no_more_than_so_many_a_second(deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, naps = [100.0], []
    monkeypatch.setattr("loyalty.messages.delivery.monotonic", lambda: clock[0])

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr("loyalty.messages.delivery.sleep", sleep)
    deployment = welcomed(deploy, tmp_path, f"folder:{tmp_path / 'mail'}", *(f"M{n}" for n in range(5)))
    send(told.again(deployment, mail=f"folder:{tmp_path / 'mail'}", mail_per_second=10), at(DAY, 14))
    assert [round(nap, 6) for nap in naps] == [0.1] * 4


# --- claims -----------------------------------------------------------------------------------------------------


def test_two_senders_never_claim_the_same(deploy: Deploy, tmp_path: Path) -> None:
    deployment = welcomed(deploy, tmp_path, "console", *(f"M{n}" for n in range(5)))
    with deployment.store.transaction() as session:
        first = outbox.claim(session, "one", at(DAY, 14), 3)
    with deployment.store.transaction() as session:
        second = outbox.claim(session, "two", at(DAY, 14), 3)
        third = outbox.claim(session, "three", at(DAY, 14), 3)
    assert (len(first.rows), len(second.rows), len(third.rows)) == (3, 2, 0)
    assert not {row.member_id for row in first.rows} & {row.member_id for row in second.rows}


def test_what_a_dead_sender_held_comes_back_and_its_late_mark_counts_for_nothing(deploy: Deploy, tmp_path: Path) -> None:
    deployment = welcomed(deploy, tmp_path, "console")
    with deployment.store.transaction() as session:
        (row,) = outbox.claim(session, "one", at(DAY, 14), 3).rows
    later = at(DAY, 14) + outbox.LEASE
    with deployment.store.transaction() as session:
        assert outbox.claim(session, "two", later - timedelta(seconds=1), 3).rows == ()
        assert len(outbox.claim(session, "two", later, 3).rows) == 1
        outbox.mark(session, "one", [outbox.Mark(row.member_id, row.message_id, "failed", "late")])
    (row,) = rows(deployment)
    assert (row.state, row.claimed_by, row.attempts) == ("sending", "two", 2)
    assert outbox.retried(row, "x", NOON, Random(1)).state == "waiting"


SLOW = """
import loyalty.messages.transports as transports, time, sys
true = transports.Server.send
def send(self, sender, to, data):
    true(self, sender, to, data)
    print('sent', flush=True)
    time.sleep(0.02)
transports.Server.send = send
import loyalty.messages.outbox as outbox, loyalty.messages.delivery as delivery
from datetime import timedelta
outbox.LEASE, delivery.MARGIN = timedelta(seconds=6), timedelta(seconds=2)
import loyalty.jobs.delivering as delivering
delivering.BATCH = 20
"""


def test_four_senders_and_one_killed_in_mid_batch(deploy: Deploy, tmp_path: Path, server: tuple[Sink, str]) -> None:
    """A22: each message arrives; what arrives twice has the same Message-ID; nothing else arrives at all."""
    sink, address = server
    deployment = welcomed(deploy, tmp_path, address, *(f"M{n}" for n in range(120)))
    chosen = {
        "LOYALTY_MAIL": address, "LOYALTY_MAIL_FROM": "club@orbit.example", "LOYALTY_SECRET": told.SECRET,
        "LOYALTY_WEB_ADDRESS": "https://orbit.example", "LOYALTY_MAIL_PER_SECOND": "9999",
    }  # fmt: skip
    senders = [orbit.start(deployment, "messages", "send", before=SLOW, **chosen) for _ in range(4)]
    assert senders[0].stdout is not None
    for _ in range(7):
        senders[0].stdout.readline()
    senders[0].send_signal(signal.SIGKILL)
    for process in senders:
        process.communicate(timeout=120)
    assert [process.returncode for process in senders] == [-signal.SIGKILL, 0, 0, 0]
    assert set(states(deployment)) <= {"sent", "sending"}
    code, _, err = orbit.run(deployment, "messages", "send", before=f"{SLOW}\ntime.sleep(6)", **chosen)
    assert code == 0, err
    assert states(deployment) == {"sent": 120}
    assert set(sink.recipients) == {f"m{n}@members.example" for n in range(120)}
    by_recipient: dict[str, set[str]] = {}
    for to, mail in zip(sink.recipients, sink.mails, strict=True):
        by_recipient.setdefault(to, set()).add(mail["Message-ID"])
    assert all(len(ids) == 1 for ids in by_recipient.values())
    assert len(sink.taken) <= 120 + delivering.MARKED, "at most what was not marked yet is sent again"


def test_several_processes_of_one_run(
    deploy: Deploy, tmp_path: Path, server: tuple[Sink, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, address = server
    monkeypatch.setattr(delivering, "MANY", 10)
    deployment = welcomed(deploy, tmp_path, address, *(f"M{n}" for n in range(40)))
    result = send(deployment, at(DAY, 14), workers=2)
    assert (result.items, result.changes, len(sink.taken), len(set(sink.recipients))) == (40, 40, 40, 40)


def test_a_mark_is_written_for_all_that_was_sent_before_an_error(deploy: Deploy, tmp_path: Path) -> None:
    deployment = welcomed(deploy, tmp_path, "console", *(f"M{n}" for n in range(6)))
    sent: list[str] = []

    class Breaking:
        def send(self, _sender: str, to: str, _data: bytes) -> None:
            if len(sent) == 4:
                raise Unreachable("gone")
            sent.append(to)

        def close(self) -> None:
            pass

    key = RunKey("deliver", at(DAY, 14), deployment.today(at(DAY, 14)))
    with deployment.store.transaction() as session:
        begin(session, key, at(DAY, 14))
    sender = Sender(deployment.program, deployment.settings, Breaking(), 9999)
    with pytest.raises(Unreachable):
        _batch(deployment, key, sender, ticking(at(DAY, 14)))
    assert states(deployment) == {"sent": 4, "waiting": 2}


# --- where mail goes ----------------------------------------------------------------------------------------------


def test_a_folder_holds_one_file_for_each_message(deploy: Deploy, tmp_path: Path) -> None:
    deployment = welcomed(deploy, tmp_path, f"folder:{tmp_path / 'mail'}", "M", "N")
    send(deployment, at(DAY, 14))
    names = sorted(path.name for path in (tmp_path / "mail").iterdir())
    assert names == sorted(f"{row.member_id:x}.{row.message_id:x}.eml" for row in rows(deployment))


def test_without_a_place_for_mail_it_waits(deploy: Deploy, tmp_path: Path) -> None:
    deployment = welcomed(deploy, tmp_path, "")
    assert send(deployment, at(DAY, 14)).status == "done" and states(deployment) == {"waiting": 1}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def settings(mail: str, **more: str) -> Settings:
    return Settings(mail=mail, mail_from="a@b.example", web_address="https://b.example", secret=told.SECRET, **more)


def test_starttls_with_a_certificate_that_holds_and_a_password(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with serving(tls) as (sink, address):
        stranger = transport_of(settings(address, mail_user="club", mail_password="right"))
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            stranger.send("a@b.example", "c@d.example", b"Subject: x\r\n\r\nx\r\n")
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusted.load_verify_locations(certificate)
        monkeypatch.setattr(transports.ssl, "create_default_context", lambda: trusted)
        known = transport_of(settings(address, mail_user="club", mail_password="right"))
        for _ in range(2):
            known.send("a@b.example", "c@d.example", b"Subject: x\r\n\r\nx\r\n")
        known.close()
        wrong = transport_of(settings(address, mail_user="club", mail_password="wrong"))
        with pytest.raises(Unreachable, match="535"):
            wrong.send("a@b.example", "c@d.example", b"Subject: x\r\n\r\nx\r\n")
        assert sink.recipients == ["c@d.example"] * 2 and set(sink.signed_in) == {"club"}


def test_a_connection_that_went_stale_is_made_anew() -> None:
    with serving() as (sink, address):
        transport = transport_of(settings(address))
        transport.send("a@b.example", "c@d.example", b"Subject: x\r\n\r\nx\r\n")
        transport.connection.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
        transport.send("a@b.example", "c@d.example", b"Subject: y\r\n\r\ny\r\n")
        sink.to_recipient = lambda _to: "550 5.1.1 no"
        with pytest.raises(Answered, match=r"550 5\.1\.1 no"):
            transport.send("a@b.example", "c@d.example", b"Subject: z\r\n\r\nz\r\n")
        transport.close()
        assert len(sink.taken) == 2


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"mail": ""}, "no place"),
        ({"mail": "smtps://mail.example", "mail_from": ""}, "mail_from is missing"),
        ({"mail": "smtps://mail.example", "secret": ""}, "secret is missing"),
        ({"mail": "smtps://mail.example", "web_address": "http://b.example"}, "must begin with https"),
        ({"mail": "smtp://mail.example"}, "in the clear"),
    ],
)
def test_what_mail_to_others_must_not_lack(changed: dict[str, str], what: str) -> None:
    with pytest.raises(Refused, match=what):
        transport_of(Settings(**{**vars(settings("console")), **changed}))


def test_a_secret_that_was_changed_is_still_taken() -> None:
    old = unsubscribe_token(settings("console"), 7, "news")
    changed = Settings(secret="n" * 40, old_secrets=f"{'x' * 40} {told.SECRET}")
    assert read_token(changed, old) == (7, "news")
    assert read_token(Settings(secret="n" * 40), old) is None
    assert read_token(Settings(), old) is None
    assert read_token(changed, old[:-1]) is None and read_token(changed, "") is None
