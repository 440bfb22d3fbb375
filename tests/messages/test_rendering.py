"""Every kind of message in every tier and language: renders strictly, parses, says the same in text, holds in mail programs."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from loyalty.i18n import translated
from loyalty.messages.examples import example, variants
from loyalty.messages.rendering import Rendered, kinds, render
from loyalty.program.load import Program, load
from tests.conftest import ROOT
from tests.messages.seen import elements, figures, tree, words

TODAY = date(2026, 11, 27)
#: Gmail cuts off what is longer than 102 kB.
LONGEST = 100_000
#: Kinds that say nothing of the next tier, because they are about something else.
WITHOUT_NEXT = {"birthday", "choosing", "ending", "farewell", "link", "near", "request", "security", "survey"}


def program() -> Program:
    return load(ROOT / "config" / "programs" / "skyway")


SKYWAY = program()
TIERS = SKYWAY.editions[-1].chart.tiers
LOCALES = SKYWAY.file.languages
CASES = [(kind, variant) for kind in kinds() for variant in variants(SKYWAY, kind)]


def context(kind: str, tier: str = TIERS[2], locale: str = "en", variant: str = "") -> dict[str, Any]:
    return example(SKYWAY, kind, tier, translated(locale), TODAY, variant or variants(SKYWAY, kind)[0])


def rendered(kind: str, given: dict[str, Any], locale: str = "en") -> Rendered:
    return render(kind, given, locale, SKYWAY.file.brand)


def every(kind: str, variant: str) -> Iterator[tuple[str, str, dict[str, Any], Rendered]]:
    """(tier, language, context, message) for every tier and language."""
    for tier in TIERS:
        for locale in LOCALES:
            given = context(kind, tier, locale, variant)
            yield tier, locale, given, rendered(kind, given, locale)


@pytest.mark.parametrize(("kind", "variant"), CASES, ids=lambda part: part or "-")
def test_every_tier_and_language_renders_strictly_and_parses(kind: str, variant: str) -> None:
    """A63: no template asks for what it is not given, and nothing that was to be filled in is left over."""
    for tier, locale, given, message in every(kind, variant):
        about = f"{kind} {variant} {tier} {locale}"
        root = tree(message.html)
        assert root.get("lang") == translated(locale).tag, about
        for text in (message.subject, message.text, words(root)):
            assert not re.search(r"None|Undefined|nan|%\(|\{\{|\}\}|\{%|\{[a-z_]+\}|&[a-z]+;|  \.", text), about
        assert message.subject == message.subject.strip() and "\n" not in message.subject and message.subject, about
        assert given["member"]["number"] in message.text and given["program"]["name"] in message.text, about


@pytest.mark.parametrize(("kind", "variant"), CASES, ids=lambda part: part or "-")
def test_the_tier_is_the_members_own_and_the_top_tier_has_no_next(kind: str, variant: str) -> None:
    """A63: the real tier and what the next one adds; at the top no word of a next one."""
    tops = 0
    for tier, locale, given, message in every(kind, variant):
        seen, about = words(tree(message.html)), f"{kind} {variant} {tier} {locale}"
        heading = translated(locale).catalogue.gettext("The next tier: %(tier)s")
        if given["next"] is None:
            tops += 1
            for other in TIERS[TIERS.index(tier) + 1 :]:
                assert SKYWAY.editions[-1].ladder.tiers[TIERS.index(other)].name[locale] not in _fixed(message, given), about
            assert heading.split("%")[0] not in seen + message.text, about
        elif kind not in WITHOUT_NEXT:
            for text in (seen, message.text):
                assert heading % {"tier": given["next"]["name"]} in text, about
                assert all(one["name"].lower() in text.lower() for one in given["next"]["adds"][:4]), about
        if "parts.card" in (ROOT / "templates" / "mail" / kind / "body.html").read_text(encoding="utf-8"):
            assert given["standing"]["name"] in seen and given["standing"]["name"] in message.text, about
    assert tops == 2 * len(LOCALES)  # the highest that activity reaches, and the one above it by invitation


def _fixed(message: Rendered, given: dict[str, Any]) -> str:
    """The text without the names of the fact itself: one who fell was in a higher tier."""
    names = [part["name"] for part in (given["fact"].get("old"), given["fact"].get("falls_to")) if part]
    for name in names:
        message = Rendered(message.subject, message.text.replace(name, ""), message.html)
    return message.text


@pytest.mark.parametrize(("kind", "variant"), CASES, ids=lambda part: part or "-")
def test_the_text_is_complete_by_itself(kind: str, variant: str) -> None:
    """Each figure, heading and paragraph of the HTML, and each address that it links to, stands in the text too."""
    for tier, locale, _given, message in every(kind, variant):
        root, about = tree(message.html), f"{kind} {variant} {tier} {locale}"
        plain = " ".join(message.text.split())
        assert figures(words(root)) <= figures(plain), about
        for one in elements(root, "h1", "h2", "p"):
            if next(elements(one, "a"), None) is None and one.get("class") != "or":
                assert words(one) in plain, f"{about}: {words(one)}"
        for link in elements(root, "a"):
            assert link.get("href", "") in message.text, about


@pytest.mark.parametrize(("kind", "variant"), CASES, ids=lambda part: part or "-")
def test_it_holds_in_mail_programs(kind: str, variant: str) -> None:
    for _tier, _locale, _given, message in every(kind, variant):
        assert len(message.html.encode()) < LONGEST
        root = tree(message.html)
        assert not [one.tag for one in elements(root, "script", "link", "iframe", "form", "img", "svg", "video")]
        layout = [one for one in elements(root, "table") if next(elements(one, "th"), None) is None]
        assert all(one.get("role") == "presentation" for one in layout)
        data = [one for one in elements(root, "table") if one.get("role") != "presentation"]
        assert all(header.get("scope") for one in data for header in elements(one, "th"))
        named = [one for one in elements(root, "td", "p", "h1", "h2", "a") if one.get("class")]
        assert named and all(one.get("style") for one in named)
        metas = {one.get("name"): one.get("content") for one in elements(root, "meta")}
        assert metas["color-scheme"] == "light dark" and "width=device-width" in str(metas["viewport"])
        kept = "".join(one.text or "" for one in elements(root, "style"))
        assert "prefers-color-scheme: dark" in kept and "[data-ogsc]" in kept and "max-width: 620px" in kept
        assert "max-width: 600px" in message.html and "<!--[if mso]>" in message.html
        assert all(str(one.get("href")).startswith("https://") for one in elements(root, "a"))


# --- what is given ----------------------------------------------------------------------------------------------


def test_the_progress_bar_is_drawn_from_cells() -> None:
    given = context("welcome")
    for percent, widths in ((0, ["100%"]), (1, ["1%", "99%"]), (72, ["72%", "28%"]), (100, ["100%"]), (250, ["100%"])):
        given["next"]["percent"] = Decimal(percent)
        root = tree(rendered("welcome", given).html)
        bar = next(one for one in elements(root, "table") if one.get("class") == "bar")
        cells = list(elements(bar, "td"))
        assert [cell.get("width") for cell in cells] == widths
        assert all(cell.get("bgcolor") and cell.get("height") == "8" for cell in cells)


HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7*7 }} %(number)s 100% {brand} &amp;'


def hostile(value: Any) -> Any:
    """A context in which every text that comes from outside is hostile."""
    if isinstance(value, dict):
        kept = {"tier", "unit", "counter", "how", "state", "what", "zone"}
        return {name: part if name in kept else hostile(part) for name, part in value.items()}
    if isinstance(value, list):
        return [hostile(part) for part in value]
    return HOSTILE if isinstance(value, str) and not value.startswith("https://") else value


@pytest.mark.parametrize(("kind", "variant"), CASES, ids=lambda part: part or "-")
def test_hostile_texts_are_only_texts(kind: str, variant: str) -> None:
    for locale in LOCALES:
        message = rendered(kind, hostile(context(kind, locale=locale, variant=variant)), locale)
        root = tree(message.html)
        assert not list(elements(root, "script", "img"))
        assert not [name for one in root.iter() for name in one.attrib if name.startswith("on")]
        assert HOSTILE in words(root) and HOSTILE in message.text
        assert "49" not in words(root)


def test_a_name_cannot_break_the_subject() -> None:
    given = context("birthday")
    given["member"]["name"] = "Eve\r\nBcc: all@example.com"
    assert rendered("birthday", given).subject == "Happy birthday, Eve Bcc: all@example.com"


def test_what_is_not_given_is_an_error() -> None:
    for kind, name in (("statement", "points"), ("promoted", "next"), ("welcome", "links"), ("activity", "today")):
        given = context(kind)
        del given[name]
        with pytest.raises(UndefinedError):
            rendered(kind, given)
    given = context("near")
    given["fact"]["percent"] = None
    with pytest.raises(UndefinedError, match="nothing to format as percent"):
        rendered("near", given)
    given = context("ending")
    del given["fact"]["falls_to"]
    with pytest.raises(UndefinedError):
        rendered("ending", given)
    with pytest.raises(TemplateNotFound):
        rendered("telegram", context("welcome"))


def test_a_long_statement_is_cut_where_mail_programs_would_cut_it() -> None:
    for locale in LOCALES:
        given = context("statement", locale=locale)
        given["fact"]["entries"] *= 100
        message = rendered("statement", given, locale)
        assert len(message.html.encode()) < LONGEST
        more = translated(locale).catalogue.gettext("and %(num)s more in your account") % {"num": "460"}
        assert more in words(tree(message.html)) and more in message.text


def test_what_may_be_missing_leaves_no_trace() -> None:
    """A member without a name and without a tier; a message that cannot be refused; a deployment without pages."""
    for kind, variant in CASES:
        given = context(kind, variant=variant)
        given["member"]["name"] = ""
        given["links"] = {"portal": "", "preferences": None, "unsubscribe": None}
        given["program"]["url"] = None
        if kind not in ("ending",):
            given["standing"] = None
        message = rendered(kind, given)
        assert not re.search(r"None|, ,|\(\)", message.text, re.MULTILINE), (kind, variant)
        links = [one.get("href") for one in elements(tree(message.html), "a")]
        assert links == ([given["fact"]["link"]] if kind in ("survey", "link") else []), (kind, variant)


def test_a_logo_speaks_by_its_alternative_text() -> None:
    brand = SKYWAY.file.brand.model_copy(update={"logo": "https://skyway.example/logo.png"})
    root = tree(render("welcome", context("welcome"), "en", brand).html)
    (logo,) = elements(root, "img")
    assert (logo.get("alt"), logo.get("width"), logo.get("height")) == ("Skyway Miles", "160", "40")


def test_the_colours_are_the_programs() -> None:
    message = rendered("promoted", context("promoted", TIERS[2]))
    brand = SKYWAY.file.brand
    assert brand.cards[TIERS[2]].colour in message.html and brand.colour in message.html and brand.accent in message.html
    other = brand.model_copy(update={"colour": "#004d40", "accent": "#c2185b", "cards": {}})
    painted = render("promoted", context("promoted", TIERS[2]), "en", other).html
    assert "#004d40" in painted and "#c2185b" in painted and brand.colour not in painted


def test_another_program_is_told_in_its_own_words() -> None:
    """Nothing in a template knows Skyway: every program that travels with the engine renders, in its tiers and languages."""
    for folder in sorted((ROOT / "config" / "programs").iterdir()):
        other = load(folder)
        for kind, variant in CASES:
            for locale in other.file.languages:
                tier = other.editions[-1].chart.tiers[-1]
                given = example(other, kind, tier, translated(locale), TODAY, variant)
                message = render(kind, given, locale, other.file.brand)
                tree(message.html)
                assert "Skyway" not in message.text or other.id == SKYWAY.id
