"""Messages to look at before anybody gets them: every kind rendered for an invented member, as files and a page of links."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path
from typing import Any

from loyalty.i18n import translated
from loyalty.messages.examples import example, variants
from loyalty.messages.rendering import Rendered, render
from loyalty.program.load import Program


@dataclass(frozen=True)
class Preview:
    """One message rendered. `name` is that of its files: the kind, its variant, its language."""

    name: str
    locale: str
    rendered: Rendered


def previews(
    program: Program,
    kinds: Iterable[str],
    tier: str,
    locales: Sequence[str],
    today: date,
    member: Mapping[str, Any] | None = None,
) -> Iterator[Preview]:
    """Every kind with each of its variants in each language, as a member of a tier would get it.

    `member` are the parts of a context that are a real member's, in place of the invented one's.
    """
    for kind in kinds:
        for variant in variants(kind):
            for locale in locales:
                given = {**example(program, kind, tier, translated(locale), today, variant), **(member or {})}
                name = f"{kind}-{variant}.{locale}" if variant else f"{kind}.{locale}"
                yield Preview(name, locale, render(kind, given, locale, program.file.brand))


def write(found: Sequence[Preview], program: Program, today: date, folder: Path) -> None:
    """Write each as .html, .txt and .eml into a folder, and index.html that leads to them, over what stood there."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        (folder / f"{one.name}.html").write_text(one.rendered.html, encoding="utf-8")
        (folder / f"{one.name}.txt").write_text(one.rendered.text, encoding="utf-8")
        (folder / f"{one.name}.eml").write_bytes(bytes(letter(one, program, today)))
    (folder / "index.html").write_text(_index(found), encoding="utf-8")


def letter(one: Preview, program: Program, today: date) -> EmailMessage:
    """A preview as the mail that a member would get."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f'"{translated(one.locale).own(program.file.name)}" <member@example.com>'
    mail["To"] = "alex.morgan@example.org"
    mail["Subject"] = one.rendered.subject
    mail["Date"] = datetime.combine(today, time(9), UTC)
    mail["Message-ID"] = f"<{one.name}@example.com>"
    mail["Content-Language"] = translated(one.locale).tag
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = "<https://example.com/unsubscribe/k3>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(one.rendered.text)
    mail.add_alternative(one.rendered.html, subtype="html")
    return mail


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
