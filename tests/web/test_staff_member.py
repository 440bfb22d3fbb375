"""Members found in spite of a slip, and shown whole on one screen, at the same cost whatever there is. On both databases."""

from datetime import timedelta
from typing import Any

import pytest

from loyalty.earning.operations import Report, record_one
from loyalty.i18n import translated
from loyalty.members.operations import change
from loyalty.members.words import is_phone, phones, slips, words_of
from loyalty.messages.examples import example
from loyalty.messages.frozen import freeze
from loyalty.messages.tables import Message
from loyalty.settle import settle
from loyalty.status.queries import lock_numbers
from tests.web.console import Console, post
from tests.web.test_frame import Deploy

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def fly(console: Console, number: str, count: int) -> None:
    """Flights of a member, one a day back from today."""
    program = console.deployment.program
    fields = {"distance": "1000", "fare_class": "Y", "carrier": "SK"}
    kind, about = next(iter(program.editions[-1].activities.activities.items()))
    known = {name: fields.get(name, _example(one)) for name, one in about.fields.items() if not one.optional}
    with console.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        for n in range(count):
            on = console.now.date() - timedelta(days=n)
            record_one(session, program, account, Report(kind, "dcs", f"{number}-{n}", on, known), console.now)
        settle(session, program, list(lock_numbers(session, [number]).values()), console.now)


def _example(about: Any) -> str:
    if about.one_of:
        return str(about.one_of[0])
    return {"day": "2026-06-01", "flag": "true", "text": "x"}.get(about.type, "100")


# --- finding ----------------------------------------------------------------------------------------------------


def test_words_and_slips() -> None:
    assert words_of("Zoë van den Berg", "Zoe@X.example", "+49 (30) 123-4567") == [
        "zoe", "van", "den", "berg", "zoe@x.example", "1234567",
    ]  # fmt: skip
    assert words_of("王小明", "", "12") == ["王小明", "小明", "明"]
    assert {"bcd", "acd", "zbcd", "abbcd", "bacd", "xabcd", "abdc"} <= slips("abcd", "abxz") and "abcd" not in slips(
        "abcd", "a"
    )
    assert "0301234567" in phones("030 134567") and phones("12345") == set()
    assert is_phone("+49 30 1234567", "0301234567") and is_phone("1234567", "49301234567")
    assert not is_phone("+49 30 1234567", "0401234567")


def test_a_member_is_found_in_spite_of_a_slip(console: Console) -> None:
    console.enrol("SK000000240", name="Zoë van den Berg", email="zoe@x.example", phone="+49 30 1234567")
    console.enrol("SK000000777", name="Anna Bergmann", email="anna@x.example")
    console.enrol("SK000000999", name="王小明", phone="0912-345-678")
    client = console.staff("agent")

    def opened(asked: str) -> str:
        answer = client.get("/staff/find", query_string={"q": asked})
        return str(answer.location).rsplit("/", 1)[-1] if answer.status_code == 303 else f"{answer.status_code}"

    zoe, anna, ming = "SK000000240", "SK000000777", "SK000000999"
    for asked in ("SK000000240", "sk 000 000 240", "240", "000000240",  # as it is, as it is told, without what all have
                  "SK00000240", "SK000000244", "SK000000204", "SK0000002400",  # a digit missing, wrong, swapped, too many
                  "zoe@x.example", "ZOE@", "zoë", "zoe ber", "Zoe vann",
                  "030 1234567", "0049301234567", "1234467", "123457"):  # fmt: skip
        assert opened(asked) == zoe, asked
    for asked in ("Bergmann", "ana berg", "annna", "Bergman"):
        assert opened(asked) == anna, asked
    for asked in ("小明", "王小", "0912345678", "0912 345 687"):
        assert opened(asked) == ming, asked
    both = client.get("/staff/find?q=berg").text  # several are listed, with tier
    assert zoe in both and anna in both and ming not in both
    for asked in ("", "xyzzy", "\0", "%", "_", "'", "9" * 200, SCRIPT, "a b c d e f g h"):
        answer = client.get("/staff/find", query_string={"q": asked})
        assert answer.status_code == 200 and SCRIPT not in answer.text, asked
    with console.deployment.store.transaction() as session:
        change(session, 1, console.now, name="Zoë Winter", phone="")
    assert opened("winter") == zoe and opened("030 1234567") == "200" and opened("van den") == "200"


def test_a_member_is_found_by_the_key_of_an_activity_and_those_opened_last_are_remembered(console: Console) -> None:
    console.enrol("A", name="Ada")
    console.enrol("B", name="Bob")
    fly(console, "B", 1)
    client = console.staff("agent")
    assert client.get("/staff/find?q=B-0").location == "/staff/members/B"
    client.get("/staff/members/A")
    client.get("/staff/members/B")
    client.get("/staff/members/nobody")
    page = client.get("/staff").text
    assert 0 < page.index("/staff/members/B") < page.index("/staff/members/A") and "nobody" not in page
    assert "/staff/members/B" not in console.staff("supervisor").get("/staff").text


def test_a_search_is_a_bounded_number_of_statements(console: Console) -> None:
    for n in range(30):
        console.enrol(f"SK{n:09}", name=f"Anna {n}", phone=f"+49 30 12345{n:02}")
    client = console.staff("agent")
    for asked in ("anna", "annx", "SK000000099", "030 1234599"):
        with console.heard() as heard:
            page = client.get("/staff/find", query_string={"q": asked})
        assert len([one for one in heard if one.lstrip().startswith(("SELECT", "WITH"))]) <= 12, (asked, heard)
        assert page.text.count("/staff/members/SK") <= 25


# --- the screen -------------------------------------------------------------------------------------------------


def wealthy(console: Console, number: str) -> int:
    """A member with something in every part of the screen."""
    member = console.enrol(number, name=f"Rich {SCRIPT}", email=f"{number}@x.example", phone="+49 30 7654321")
    fly(console, number, 25)
    boss = console.staff("supervisor")
    for n in range(2):
        key = {"key": f"{number}-{n}", "reason": f"because {SCRIPT}", "step": "do"}
        assert post(boss, f"/staff/members/{number}/acts/note.add", {**key, "text": f"note {SCRIPT}"}).status_code == 303
    with console.deployment.store.transaction() as session:
        session.add(Message(
            member_id=member, message_id=7, kind="farewell", on=console.now.date(), consent=None, priority=1, locale="en",
            zone="UTC", address="old@x.example", context="{}", state="failed", next_at=console.now, error=f"no {SCRIPT}",
            made_at=console.now,
        ))  # fmt: skip
    frozen = {"key": f"{number}-f", "reason": "looked into", "step": "do"}
    assert post(boss, f"/staff/members/{number}/acts/member.freeze", frozen).status_code == 303
    return member


def test_the_screen_tells_the_whole_story_in_as_many_statements_whatever_there_is(console: Console) -> None:
    console.enrol("POOR")
    wealthy(console, "RICH")
    client = console.staff("loyalty_manager")
    counts = []
    for number in ("POOR", "POOR", "RICH", "RICH"):  # the first time it is worked out, the second time it is known
        with console.heard() as heard:
            page = client.get(f"/staff/members/{number}")
        assert page.status_code == 200
        counts.append(len(heard))
    assert counts[0] == counts[2] > counts[1] == counts[3], counts
    page = client.get("/staff/members/RICH").text
    for part in ("Frozen", "looked into", "note &lt;script&gt;", "RICH-0", "Farewell", "What comes next", "Add a note",
                 "/staff/audit?member=RICH", "supervisor@house.example"):  # fmt: skip
        assert part in page, part
    assert SCRIPT not in page
    assert "/staff/audit?member" not in console.staff("agent").get("/staff/members/RICH").text  # who may not read the log
    assert client.get("/staff/members/NOBODY").status_code == 404


def test_activity_is_told_a_page_at_a_time(console: Console) -> None:
    console.enrol("M")
    fly(console, "M", 60)
    client = console.staff("agent")
    first = client.get("/staff/members/M/activity").text
    assert "M-0 " in first and "M-59 " not in first
    older = first.partition('href="/staff/members/M/activity?before=')[2].partition('"')[0]
    second = client.get(f"/staff/members/M/activity?before={older}").text
    assert "M-59 " in second and "M-0 " not in second and "before=" not in second
    assert client.get("/staff/members/M/activity?before=rubbish").status_code == 404


def test_a_message_is_shown_as_it_was_sent_without_what_only_its_receiver_may_follow(console: Console) -> None:
    member, other = console.enrol("M", email="m@x.example"), console.enrol("N")
    program = console.deployment.program
    context = example(program, "security", program.tiers[0], translated("en"), console.now.date(), "password")
    context["fact"]["from"] = f"Firefox {SCRIPT}"
    context["links"] |= {"not_me": "https://x.example/secret", "unsubscribe": "https://x.example/never"}
    with console.deployment.store.transaction() as session:
        session.add(Message(
            member_id=member, message_id=7, kind="security", on=console.now.date(), consent=None, priority=1, locale="en",
            zone="UTC", address="old@x.example", context=freeze(context), state="sent", next_at=console.now,
            made_at=console.now, sent_at=console.now,
        ))  # fmt: skip
    client = console.staff("agent")
    page = client.get("/staff/members/M/messages/7").text
    assert "old@x.example" in page and "Firefox &lt;script&gt;" in page and SCRIPT not in page
    assert "x.example/secret" not in page and "x.example/never" not in page
    assert client.get("/staff/members/N/messages/7").status_code == 404 and other != member
