"""What pages look like beside their templates: the colours of the program as a style sheet, and files that never change."""

import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort, make_response, url_for

from loyalty.program.brand import Brand
from loyalty.web.guarding import open_to_all
from loyalty.web.site import here

FOLDER = Path(__file__).parent / "static"
#: A file is asked for under a name that changes with it, so that it is kept for ever.
FOR_EVER = "public, max-age=31536000, immutable"

looks = Blueprint("looks", __name__)


@lru_cache
def _content(name: str) -> bytes | None:
    """A file of `static/`, kept in memory: there are few, and small ones; none for another name."""
    return (FOLDER / name).read_bytes() if name in {path.name for path in FOLDER.iterdir()} else None


@lru_cache
def _version(name: str) -> str:
    return hashlib.sha256(_content(name) or b"").hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file of `static/`, with its version."""
    return url_for("looks.file", name=name, v=_version(name))


@looks.get("/static/<name>")
@open_to_all
def file(name: str) -> Response:
    answer = make_response(_content(name) or abort(404))
    answer.mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    answer.headers["Cache-Control"] = FOR_EVER
    return answer


def brand_address() -> str:
    """The address of the style sheet of the program's colours."""
    return url_for("looks.brand", v=hashlib.sha256(brand_css(here().program.file.brand).encode()).hexdigest()[:12])


@looks.get("/brand.css")
@open_to_all
def brand() -> Response:
    answer = make_response(brand_css(here().program.file.brand))
    answer.mimetype = "text/css"
    answer.headers["Cache-Control"] = FOR_EVER
    return answer


def brand_css(brand: Brand) -> str:
    """The brand as a style sheet: its colours as variables, and those of each tier's card for what carries `data-tier`."""
    rules = [f":root {{ --brand: {brand.colour}; --brand-ink: {brand.ink}; --accent: {brand.accent}; }}"]
    rules += [f'[data-tier="{tier}"] {{ --card: {own.colour}; --card-ink: {own.ink}; }}' for tier, own in brand.cards.items()]
    return "\n".join(rules) + "\n"


def icon_address() -> str:
    """The address of the icon of the pages."""
    return url_for("looks.icon")


@looks.get("/icon.svg")
@open_to_all
def icon() -> Response:
    """A mark in the program's colours: three steps of a ladder."""
    own = here().program.file.brand
    steps = "".join(f'<rect x="{8 + n * 6}" y="{20 - n * 6}" width="{4}" height="{6 + n * 6}" rx="1"/>' for n in range(3))
    answer = make_response(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="{own.colour}"/>'
        f'<g fill="{own.accent}">{steps}</g></svg>'
    )
    answer.mimetype = "image/svg+xml"
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer
