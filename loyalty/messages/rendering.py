"""Messages rendered: a kind's templates and plain values made into subject, text and HTML in one language."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from loyalty.program.models import Brand
from loyalty.settings import folder


@dataclass(frozen=True)
class Rendered:
    """One message in one language: the subject on one line, the text complete by itself, the HTML with its styles inlined."""

    subject: str
    text: str
    html: str


def render(kind: str, context: Mapping[str, Any], locale: str, brand: Brand) -> Rendered:
    """A message: the templates of `mail/<kind>/` with the values of docs/messages.md, in a language of the program (en, zh_Hant).

    Raises jinja2.TemplateNotFound for a kind without templates, jinja2.UndefinedError where they ask for what is not given.
    """
    given = {**context, "brand": brand.model_dump(), "kind": kind, "locale": locale}
    subject, text, html = (_environment().get_template(f"{kind}/{part}").render(given) for part in PARTS)
    return Rendered(" ".join(subject.split()), text.strip() + "\n", css_inline.inline(html))


#: The templates of a kind.
PARTS = ("subject.txt", "body.txt", "body.html")


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(folder("templates") / "mail")
    return Environment(loader=loader, undefined=StrictUndefined, autoescape=select_autoescape(["html"]), trim_blocks=True,
                       lstrip_blocks=True)  # fmt: skip
