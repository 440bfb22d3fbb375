"""What decides when mail goes and what an answer means; and the mail itself, read back by the standard library."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.clock import instant_at
from loyalty.messages.facts import percent_of, stretch
from loyalty.messages.frozen import freeze, thaw
from loyalty.messages.mail import Envelope, compose, wire_address
from loyalty.messages.rules import LONGEST, TRIES, WAIT, blames_address, is_final, quiet_until, wait_after, yearly
from loyalty.program.telling import Quiet

NIGHT = Quiet.model_validate({"from": "21:00", "until": "08:00"})
ZONES = ["Europe/Paris", "America/Chicago", "Asia/Kathmandu", "Pacific/Apia", "UTC"]


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "when", "over"),
    [
        ("Europe/Paris", "2026-06-15 20:59:59", None),
        ("Europe/Paris", "2026-06-15 21:00", "2026-06-16 08:00"),
        ("Europe/Paris", "2026-06-16 07:59", "2026-06-16 08:00"),
        ("Europe/Paris", "2026-06-16 08:00", None),
        # the night on which the clock goes forward: an hour shorter; and back: an hour longer
        ("Europe/Paris", "2026-03-28 22:00", "2026-03-29 08:00"),
        ("Europe/Paris", "2026-10-24 22:00", "2026-10-25 08:00"),
        ("America/Chicago", "2026-03-08 01:30", "2026-03-08 08:00"),
        ("America/Chicago", "2026-11-01 01:30", "2026-11-01 08:00"),
        ("Asia/Kathmandu", "2026-06-15 23:15", "2026-06-16 08:00"),
        # December 30, 2011 never was in Apia: the night of the 29th ends on the 31st
        ("Pacific/Apia", "2011-12-29 22:00", "2011-12-31 08:00"),
        ("Pacific/Apia", "2011-12-31 12:00", None),
    ],
)
def test_quiet_hours_end_by_the_member_s_clock(zone: str, when: str, over: str | None) -> None:
    expected = None if over is None else local(zone, over)
    assert quiet_until(NIGHT, local(zone, when), ZoneInfo(zone)) == expected


@given(st.sampled_from(ZONES), st.integers(0, 15 * 366 * 24 * 60))
def test_nobody_is_woken_and_nobody_waits_for_longer_than_the_night(zone: str, minutes: int) -> None:
    at, here = datetime(2011, 12, 1, tzinfo=UTC) + timedelta(minutes=minutes), ZoneInfo(zone)
    over = quiet_until(NIGHT, at, here)
    hour = (over or at).astimezone(here).hour
    assert 8 <= hour < 21
    if over is not None:
        assert quiet_until(NIGHT, over, here) is None and timedelta(0) < over - at <= timedelta(hours=12)


def test_quiet_hours_within_a_day_and_none() -> None:
    noon = Quiet.model_validate({"from": "12:00", "until": "14:00"})
    zone = ZoneInfo("Europe/Paris")
    assert quiet_until(noon, local("Europe/Paris", "2026-06-15 13:00"), zone) == local("Europe/Paris", "2026-06-15 14:00")
    assert quiet_until(noon, local("Europe/Paris", "2026-06-15 14:00"), zone) is None
    assert quiet_until(None, local("Europe/Paris", "2026-06-15 03:00"), zone) is None


def test_waits_grow_to_a_limit_and_are_spread() -> None:
    waits = [[wait_after(n, Random(seed)) for seed in range(50)] for n in range(1, TRIES + 1)]
    for n, some in enumerate(waits):
        least = min(WAIT * 2**n, LONGEST)
        assert all(least <= one <= least * 1.5 for one in some) and len(set(some)) > 40
    assert timedelta(days=1) < sum((max(some) for some in waits), timedelta()) < timedelta(days=4)


@pytest.mark.parametrize(
    ("code", "words", "final", "blamed"),
    [
        (250, "OK", False, False),
        (450, "4.2.1 mailbox busy", False, False),
        (421, "come back later", False, False),
        (550, "5.1.1 no such user", True, True),
        (550, "no such user", True, True),
        (553, "mailbox name not allowed", True, True),
        (550, "5.7.1 rejected as spam", True, False),
        (552, "5.2.2 mailbox full", True, False),
        (554, "5.1.6 has moved", True, True),
        (554, "transaction failed", True, False),
    ],
)
def test_what_an_answer_means(code: int, words: str, final: bool, blamed: bool) -> None:
    assert (is_final(code), is_final(code) and blames_address(code, words)) == (final, blamed)


def test_days_that_return() -> None:
    assert yearly(date(1980, 2, 29), 2027) == date(2027, 2, 28)
    assert yearly(date(1980, 2, 29), 2028) == date(2028, 2, 29)
    assert stretch("month", date(2028, 2, 10)) == (date(2028, 2, 1), date(2028, 2, 29))
    assert stretch("week", date(2026, 11, 29)) == (date(2026, 11, 23), date(2026, 11, 29))
    assert stretch("day", date(2026, 12, 31)) == (date(2026, 12, 31),) * 2


@given(st.integers(-10, 10**9), st.integers(1, 10**9))
def test_a_hundred_percent_is_all_of_it(have: int, need: int) -> None:
    assert (percent_of(have, need) == 100) == (have >= need) and 0 <= percent_of(have, need) <= 100


# --- what is frozen ---------------------------------------------------------------------------------------------

PLAIN = st.none() | st.booleans() | st.integers() | st.text() | st.dates() | st.decimals(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda t: t[:1] != "$"), inner))


@settings(max_examples=40)
@given(st.dictionaries(st.text().filter(lambda t: t[:1] != "$"), VALUES))
def test_what_is_thawed_is_what_was_frozen(context: dict) -> None:
    frozen = freeze(context)
    json.loads(frozen)
    assert (thaw(frozen) == context and repr(thaw(frozen)) == repr(context)) or "E" in repr(context)


def test_an_instant_keeps_its_zone_and_an_object_is_refused() -> None:
    at = instant_at(date(2026, 6, 15), time(9), ZoneInfo("Asia/Kathmandu"))
    assert thaw(freeze({"at": at, "amount": Decimal("10.50")})) == {"at": at, "amount": Decimal("10.50")}
    with pytest.raises(TypeError):
        freeze({"x": object()})


# --- the mail ---------------------------------------------------------------------------------------------------

AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


def envelope(**changed: str) -> Envelope:
    given_ = {"sender": "club@orbit.example", "sender_name": "Orbit", "to": "a@b.example", "message_id": "<1.2@orbit.example>"}
    return Envelope(**{**given_, **changed}, at=AT, language="en", unsubscribe="https://orbit.example/unsubscribe/t")  # type: ignore[arg-type]


@given(st.text(min_size=1).filter(str.strip), st.text(), st.text(), st.text())
def test_any_words_arrive_as_they_are(subject: str, text: str, html: str, name: str) -> None:
    clean = str.maketrans("", "", "".join(map(chr, range(32))) + "\x7f\x85\u2028\u2029\ud800")
    subject, name = subject.translate(clean) or "x", name.translate(clean)
    text, html = ("".join(c for c in part if c == "\n" or c >= " ") for part in (text, html))
    try:
        (subject + text + html + name).encode()
    except UnicodeEncodeError:
        return
    data = compose(envelope(sender_name=name), subject, text, html)
    assert all(len(line) <= 998 for line in data.split(b"\r\n")) and b"\n" not in data.replace(b"\r\n", b"")
    mail = message_from_bytes(data, policy=default)
    assert " ".join(str(mail["Subject"]).split()) == " ".join(subject.split())
    for kind, words in (("plain", text), ("html", html)):
        part = mail.get_body((kind,))
        assert part is not None
        assert part.get_content().replace("\r\n", "\n").rstrip("\n") == words.rstrip("\n")


def test_headers_say_what_machines_need() -> None:
    mail = message_from_bytes(compose(envelope(sender_name="天途里程"), "您好 " * 30, "x" * 2000, "<p>é</p>"), policy=default)
    assert mail["Message-ID"] == "<1.2@orbit.example>"
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Content-Language"] == "en"
    assert mail["List-Unsubscribe"] == "<https://orbit.example/unsubscribe/t>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["From"].addresses[0].display_name == "天途里程" and mail["From"].addresses[0].addr_spec == "club@orbit.example"
    assert mail["Date"].datetime == AT
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_nothing_in_a_header_begins_another() -> None:
    data = compose(
        envelope(to="a@b.example\r\nBcc: c@d.example", sender_name="x\r\nBcc: e"), "Hi\r\nBcc: z@z.example", "t", "h"
    )
    assert message_from_bytes(data, policy=default)["Bcc"] is None


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("a@b.example", "a@b.example"),
        ("a.b+c@bücher.example", "a.b+c@xn--bcher-kva.example"),
        ("ü@b.example", None),
        ("a", None),
        ("@b.example", None),
        ("a@", None),
        ("a b@c.example", None),
        ("a@b.example, c@d.example", None),
        ("a@b.example\r\nRCPT TO:<x@y>", None),
    ],
)
def test_addresses_as_servers_know_them(address: str, wire: str | None) -> None:
    assert wire_address(address) == wire
