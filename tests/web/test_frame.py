"""What holds of every page: closed unless it says otherwise, guarded, in a language, and gone when a sign-in ends."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from loyalty.access.signed import IDLE, end
from loyalty.access.tables import SignIn
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.settings import Settings
from loyalty.web import create_app
from loyalty.web.guarding import policy
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]
#: Pages that everyone may see.
OPEN = {
    "looks.file", "looks.brand", "looks.icon", "unsubscribe.ask", "unsubscribe.answer", "signing.sign_in", "signing.sign_out",
    "signing.language", "joining.join", "public.program", "public.ladder", "benefits.chart",
    "signing.by_password", "signing.ask", "signing.sent", "signing.link", "signing.by_link", "signing.code", "signing.by_code",
    "signing.passkey_options", "signing.by_passkey", "joining.ask", "joining.sent", "joining.confirm", "joining.confirmed",
    "security.ask_confirm", "security.confirm", "security.ask_not_me", "security.was_not_me",
}  # fmt: skip


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def test_nothing_is_served_without_a_secret() -> None:
    with pytest.raises(Refused, match="LOYALTY_SECRET"):
        create_app(Deployment(Settings()))


def test_a_page_is_for_members_unless_it_says_otherwise(portal: Portal) -> None:
    rules = [rule for rule in portal.app.url_map.iter_rules() if not hasattr(portal.app.view_functions[rule.endpoint], "needs")]
    assert {rule.endpoint for rule in rules if getattr(portal.app.view_functions[rule.endpoint], "open_to_all", False)} == OPEN
    client = portal.client()
    for rule in rules:
        if rule.endpoint not in OPEN and "GET" in (rule.methods or ()):
            answer = client.get(portal.app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, "1")))
            assert answer.status_code == 302 and answer.location.startswith("/sign-in"), rule.endpoint


def test_every_answer_is_guarded(portal: Portal) -> None:
    for address in ("/sign-in", "/program", "/nothing", "/brand.css", "/static/portal.css"):
        answer = portal.client().get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        for name in ("Strict-Transport-Security", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options"):
            assert answer.headers[name], (address, name)


def test_the_logo_of_a_program_is_the_one_thing_from_elsewhere() -> None:
    assert "img-src 'self';" in policy(None)
    assert "img-src 'self' https://cdn.example:8443;" in policy("https://CDN.example:8443/a/logo.png?x=;script-src")
    assert policy("https://x;script-src/*") == policy(None)


def test_a_form_that_is_not_ours_changes_nothing(portal: Portal) -> None:
    client = portal.client(portal.enrol("M"))
    assert client.post("/sign-out").status_code == 400
    assert client.get("/").status_code == 200
    assert send(client, "/sign-out").status_code == 303
    assert client.get("/").status_code == 302


def test_a_sign_in_ends_at_once_wherever_it_is_ended(portal: Portal) -> None:
    member = portal.enrol("M")
    one, other = portal.client(member), portal.client(member)
    with portal.deployment.store.transaction() as session:
        assert end(session, member, portal.now) == 2
    assert one.get("/").status_code == other.get("/").status_code == 302


def test_a_sign_in_that_is_used_stays_and_one_that_is_not_ends(portal: Portal) -> None:
    client = portal.client(portal.enrol("M"))
    for _ in range(3):
        portal.later(days=13)
        assert client.get("/").status_code == 200
    portal.later(seconds=IDLE.total_seconds())
    assert client.get("/").status_code == 302


def test_a_sign_in_ends_after_the_longest_time_used_or_not(portal: Portal) -> None:
    member = portal.enrol("M")
    client = portal.client(member)
    with portal.deployment.store.transaction() as session:
        session.execute(update(SignIn).values(seen_at=portal.now))
    for _ in range(9):
        portal.later(days=10)
        client.get("/")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    ("asked", "tag"),
    [("zh-TW,zh;q=0.8", "zh-Hant"), ("zh-CN", "zh-Hans"), ("zh", "zh-Hans"), ("zh-HK", "zh-Hant"), ("fr,de;q=0.5", "en"),
     ("fr,zh-TW;q=0.5", "zh-Hant"), ("", "en")],
)  # fmt: skip
def test_the_browser_is_answered_in_its_language(portal: Portal, asked: str, tag: str) -> None:
    page = portal.client().get("/sign-in", headers={"Accept-Language": asked}).text
    assert f'<html lang="{tag}">' in page


def test_the_member_is_answered_in_their_own(portal: Portal) -> None:
    client = portal.client(portal.enrol("M", language="zh-TW"))
    assert '<html lang="zh-Hant">' in client.get("/", headers={"Accept-Language": "en"}).text
    assert send(client, "/language", {"language": "en", "after": "/status"}).location == "/status"
    assert '<html lang="en">' in client.get("/", headers={"Accept-Language": "zh-TW"}).text


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx"])
def test_nobody_is_led_elsewhere(portal: Portal, after: str) -> None:
    assert send(portal.client(), "/language", {"language": "en", "after": after}).location == "/"
    assert "evil" not in portal.client().get("/sign-in", query_string={"after": after}).text
