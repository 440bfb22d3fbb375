"""Messages to look at before anybody gets them: every kind rendered with an invented fact, as files and a page of links."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from html import escape
from pathlib import Path

from loyalty.i18n import Language, translated
from loyalty.messages.examples import SITE, Known, example, source_of, variants
from loyalty.messages.mail import Envelope, compose
from loyalty.messages.rendering import Rendered, kinds, render
from loyalty.program.load import Program


@dataclass(frozen=True)
class Preview:
    """One message rendered. `name` is that of its files: the kind, its variant, its language."""

    name: str
    language: Language
    rendered: Rendered


def known_kinds(program: Program) -> list[str]:
    """The kinds with templates of which it is known what they tell."""
    return [name for name in kinds() if source_of(program, name) is not None]


def previews(
    program: Program,
    chosen: Iterable[str],
    tier: str,
    locales: Sequence[str],
    today: date,
    member: Callable[[Language], Known] | None = None,
) -> Iterator[Preview]:
    """Every kind chosen with each of its variants in each language, as a member of a tier would get it.

    `member` tells what is known of a real one.
    """
    for locale in locales:
        language = translated(locale)
        known = member(language) if member else None
        for kind in chosen:
            for variant in variants(program, kind):
                given = example(program, kind, tier, language, today, variant, known)
                name = f"{kind}-{variant}.{locale}" if variant else f"{kind}.{locale}"
                yield Preview(name, language, render(kind, given, locale, program.file.brand))


def write(found: Sequence[Preview], program: Program, today: date, folder: Path) -> None:
    """Write each as .html, .txt and .eml into a folder, and index.html that leads to them, over what stood there."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        (folder / f"{one.name}.html").write_text(one.rendered.html, encoding="utf-8")
        (folder / f"{one.name}.txt").write_text(one.rendered.text, encoding="utf-8")
        (folder / f"{one.name}.eml").write_bytes(letter(one, program, today))
    (folder / "index.html").write_text(_index(found), encoding="utf-8")


def letter(one: Preview, program: Program, today: date) -> bytes:
    """A preview as the mail that a member would get, from and to addresses that nobody has."""
    edition = program.editions[-1]
    sender = one.language.own(edition.messages.sender or program.file.name)
    at = datetime.combine(today, time(9), UTC)
    message_id = f"<{one.name}@example.com>"
    envelope = Envelope(
        "member@example.com", sender, "alex@example.org", message_id, at, one.language.tag, f"{SITE}/unsubscribe/k3"
    )
    return compose(envelope, one.rendered.subject, one.rendered.text, one.rendered.html)


def _index(found: Sequence[Preview]) -> str:
    rows = "\n".join(
        f'<li><a href="{one.name}.html">{escape(one.name)}</a> <a href="{one.name}.txt">text</a>'
        f' <a href="{one.name}.eml">mail</a> {escape(one.rendered.subject)}</li>'
        for one in found
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Messages</title>'
        "<style>body{font:16px/1.6 sans-serif;margin:2rem;color-scheme:light dark}</style></head>\n"
        f"<body><h1>Messages</h1>\n<ul>\n{rows}\n</ul>\n</body>\n</html>\n"
    )
