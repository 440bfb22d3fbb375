"""The gallery of messages: every kind for every tier in every language, the mail in a box of its own; what was sent lately."""

import re
from datetime import timedelta
from html import unescape

import pytest

from loyalty.i18n import translated
from loyalty.messages.examples import source_of, variants
from loyalty.messages.previews import known_kinds, previews
from loyalty.messages.rendering import kinds
from loyalty.messages.tables import Bounce, Message
from loyalty.web.staff.messages_told import KINDS, VARIANTS
from tests.web.console import Console
from tests.web.test_frame import Deploy


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def test_every_kind_and_variant_that_travels_with_the_engine_has_a_name(console: Console) -> None:
    program = console.deployment.program
    assert set(KINDS) == set(kinds())
    for kind in kinds():
        words = VARIANTS.get(source_of(program, kind) or "", {})
        assert set(variants(program, kind)) <= {*words, ""}, kind
    for code in ("zh_Hans", "zh_Hant"):
        for text in (*KINDS.values(), *(words for known in VARIANTS.values() for words in known.values())):
            assert not translated(code).say(text).isascii(), text


def test_every_kind_tier_and_language_is_listed_with_its_subject_and_shown(console: Console) -> None:
    client, program = console.staff("agent"), console.deployment.program
    tiers, languages = program.editions[-1].chart.tiers, program.file.languages
    address, found = "/staff/messages?kind=&tier=&language=", []
    while address:
        page = client.get(address).text
        found += re.findall(r'<a href="(/staff/messages/[^"]+)" lang="[^"]+">([^<]+)</a>', page)
        assert page.count('<tr><th scope="row">') <= 40 + 1
        more = re.search(r'href="(/staff/messages\?[^"]*)">More', page)
        address = unescape(more[1]) if more else ""
    every = {(kind, tier, language, variant) for kind in known_kinds(program) for tier in tiers for language in languages
             for variant in variants(program, kind)}  # fmt: skip
    assert len(found) == len(set(found)) == len(every) > 300
    # as it would be sent: the same as the previews of the command
    for kind, tier, language in (
        ("promoted", tiers[-1], "zh_Hant"),
        ("request", tiers[1], "en"),
        ("link", tiers[0], "zh_Hans"),
    ):
        for one in previews(program, [kind], tier, [language], console.now.date()):
            variant = one.name.removeprefix(kind).partition(".")[0].removeprefix("-")
            query = {"tier": tier, "language": language, **({"variant": variant} if variant else {})}
            page = client.get(f"/staff/messages/{kind}", query_string=query).text
            assert one.rendered.subject in unescape(page) and one.rendered.text.strip() in unescape(page)
            frame = re.search(r'<iframe[^>]* src="([^"]+)"[^>]* sandbox>', page)
            assert frame is not None and client.get(unescape(frame[1])).text == one.rendered.html
            assert any(unescape(subject) == one.rendered.subject for _address, subject in found), one.name


def test_the_list_begins_with_one_tier_in_the_language_of_the_page(console: Console) -> None:
    page = console.staff("agent").get("/staff/messages", headers={"Accept-Language": "zh-TW"}).text
    program = console.deployment.program
    count = sum(len(variants(program, kind)) for kind in known_kinds(program))
    assert f"{count} " in re.findall(r'<h2 id="list">([^<]+)', page)[0] and "language=zh_Hant" in page
    assert "tier=" + program.editions[-1].chart.tiers[1] in page
    assert "升級" in page  # kinds are told in it too
    assert console.staff("agent").get("/staff/messages?kind=nothing").status_code == 200


def test_the_mail_alone_may_be_framed_by_us_and_can_do_nothing(console: Console) -> None:
    client = console.staff("agent")
    mail = client.get("/staff/messages/promoted/mail")
    said = mail.headers["Content-Security-Policy"]
    parts = dict(part.strip().partition(" ")[::2] for part in said.split(";"))
    assert parts["default-src"] == "'none'" and parts["frame-ancestors"] == "'self'" and parts["sandbox"] == ""
    assert "script-src" not in parts and parts["form-action"] == "'none'"
    assert mail.headers.getlist("X-Frame-Options") == ["SAMEORIGIN"] and mail.headers["Cache-Control"] == "no-store"
    page = client.get("/staff/messages/promoted")
    assert page.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'; base-uri 'none'; frame-src 'self'")
    assert page.headers["X-Frame-Options"] == "DENY"
    for address in ("/staff", "/staff/messages", "/staff/messages/nothing/mail"):
        other = client.get(address).headers
        assert "frame-src" not in other["Content-Security-Policy"] and "unsafe" not in other["Content-Security-Policy"]
        assert other.getlist("X-Frame-Options") == ["DENY"]
    assert console.app.test_client().get("/staff/messages/promoted/mail").status_code == 302


def test_the_window_is_as_wide_as_is_chosen_and_what_there_is_not_is_404(console: Console) -> None:
    client = console.staff("agent")
    assert 'class="mail desktop"' in client.get("/staff/messages/kept").text
    assert 'class="mail phone"' in client.get("/staff/messages/kept?width=phone").text
    for wrong in ("nothing", "kept?language=xx", "request?variant=never", "kept?edition=1999-01-01", "kept?variant=x"):
        assert client.get(f"/staff/messages/{wrong}").status_code == 404, wrong
    assert client.get("/staff/messages/kept?tier=of-another-edition").status_code == 200


def test_an_edition_is_chosen_where_there_are_several(deploy: Deploy) -> None:
    console = Console(deploy("united-2012"))
    first, *_others, last = console.deployment.program.editions
    client = console.staff("agent")
    page = client.get("/staff/messages").text
    assert f'<option value="{first.name}">' in page and f'<option value="{last.name}" selected>' in page
    texts = [
        client.get(f"/staff/messages/promoted?edition={one.name}&tier={first.chart.tiers[-1]}").text for one in (first, last)
    ]
    assert re.findall("<pre.*?</pre>", texts[0], re.S) != re.findall("<pre.*?</pre>", texts[1], re.S)


def sent(console: Console, member: int, kind: str, state: str, days: int, bounced: int = 0) -> None:
    at = console.now - timedelta(days=days)
    with console.deployment.store.transaction() as session:
        number = len(session.query(Message).all()) + 1
        session.add(Message(
            member_id=member, message_id=number, kind=kind, on=at.date(), consent=None, priority=1, locale="en", zone="UTC",
            address="a@x.example", context="{}", state=state, next_at=at, made_at=at,
        ))  # fmt: skip
        session.flush()
        for n in range(bounced):
            session.add(Bounce(member_id=member, message_id=number, bounce_id=n, permanent=True, status="5.1.1", at=at))


def test_what_was_sent_lately_is_counted_by_kind(console: Console) -> None:
    member = console.enrol("M")
    for kind, state, days, bounced in (
        ("welcome", "sent", 0, 2), ("welcome", "sent", 29, 0), ("welcome", "sent", 31, 0), ("welcome", "waiting", 1, 0),
        ("welcome", "sending", 1, 0), ("welcome", "failed", 2, 0), ("kept", "dropped", 3, 0), ("of_a_program", "sent", 3, 0),
    ):  # fmt: skip
        sent(console, member, kind, state, days, bounced)
    client = console.staff("agent")
    with console.heard() as heard:
        page = client.get("/staff/messages").text
    table = page.partition('id="sums"')[2]
    cells = [row.partition("</th>")[::2] for row in table.split('<th scope="row">')[1:]]
    rows = {re.sub("<[^>]+>", "", name): [int(one) for one in re.findall(r">(\d+)<", rest)] for name, rest in cells}
    # made, waiting, sent, bounced, failed, not sent
    assert rows == {"Welcome": [5, 2, 2, 1, 1, 0], "Tier kept": [1, 0, 0, 0, 0, 1], "of a program": [1, 0, 1, 0, 0, 0]}
    for _n in range(30):
        sent(console, member, "near", "sent", 1, 1)
    with console.heard() as again:
        client.get("/staff/messages")
    assert len(heard) == len(again)
