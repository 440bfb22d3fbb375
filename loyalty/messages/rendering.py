"""Messages rendered: a kind's templates and plain values made into subject, text and HTML in one language."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined, UndefinedError, select_autoescape

from loyalty.i18n import Language, translated
from loyalty.program.brand import Brand
from loyalty.program.words import title
from loyalty.settings import folder


@dataclass(frozen=True)
class Rendered:
    """One message in one language: the subject on one line, the text complete by itself, the HTML with its styles inlined."""

    subject: str
    text: str
    html: str


#: The templates of a kind.
PARTS = ("subject.txt", "body.txt", "body.html")
#: Styles go into the tags after rendering: before it, a parser would carry Jinja's own words out of tables.
_INLINER = CSSInliner(load_remote_stylesheets=False)
_BLANK_LINES = re.compile(r"\n\s*\n+")


def kinds(templates: Path | None = None) -> list[str]:
    """The kinds that there are templates for, by name: the folders with a subject."""
    return sorted(path.parent.name for path in (templates or _templates()).glob("*/subject.txt"))


def render(kind: str, context: Mapping[str, Any], locale: str, brand: Brand) -> Rendered:
    """A message: the templates of `mail/<kind>/` with the values of docs/messages.md, in a language of the program (zh_Hant).

    Raises jinja2.TemplateNotFound for a kind without templates, jinja2.UndefinedError where they ask for what is not given.
    """
    subject, text, html = (_part(kind, part, context, locale, brand) for part in PARTS)
    text = _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.splitlines()))
    return Rendered(" ".join(subject.split()), text.strip() + "\n", _INLINER.inline(html))


def subject(kind: str, context: Mapping[str, Any], locale: str, brand: Brand) -> str:
    """The subject of a message alone. Raises as `render` does."""
    return " ".join(_part(kind, PARTS[0], context, locale, brand).split())


def _part(kind: str, part: str, context: Mapping[str, Any], locale: str, brand: Brand) -> str:
    given = {**context, "brand": brand.model_dump(), "lang": translated(locale).tag}
    return _environment(locale).get_template(f"{kind}/{part}").render(given)


def _templates() -> Path:
    return folder("templates") / "mail"


@cache
def _environment(locale: str) -> Environment:
    """Strict: what is asked for and not given is an error. HTML is escaped, also where translations take values in."""
    language = translated(locale)
    environment = Environment(
        loader=FileSystemLoader(_templates()), undefined=StrictUndefined, autoescape=select_autoescape(["html"]),
        trim_blocks=True, lstrip_blocks=True, auto_reload=False, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    environment.install_gettext_translations(language.catalogue, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= _filters(language)
    return environment


def _filters(language: Language) -> dict[str, Any]:
    """What templates format with, by the language: `{{ standing.through|day }}`, `{{ fact.opens|instant(zone) }}`."""

    def instant(value: datetime, zone: str) -> str:
        return language.instant(value, ZoneInfo(zone))

    formats: dict[str, Callable[..., str]] = {
        "number": language.number, "percent": language.percent, "money": language.money, "day": language.day,
        "month": language.month, "instant": instant, "listed": language.listed, "capital": title,
    }  # fmt: skip
    return {name: _of_something(name, form) for name, form in formats.items()}


def _of_something(name: str, form: Callable[..., str]) -> Callable[..., str]:
    """A filter that formats nothing but what is there: Babel would take the present day for none."""

    def strict(value: Any, *args: Any) -> str:
        if value is None or isinstance(value, Undefined):
            raise UndefinedError(f"there is nothing to format as {name}")
        return form(value, *args)

    return strict
