"""Which language a page is in, and what its templates say and format with."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, request

from loyalty.i18n import Language, fitting, translated
from loyalty.program.words import title

#: The cookie that keeps the language chosen by who is not signed in.
COOKIE = "language"
#: Languages by their own names.
NAMES = {"en": "English", "zh_Hans": "简体中文", "zh_Hant": "繁體中文"}


def chosen(offered: Sequence[str], of_member: str) -> Language:
    """The language of a request: the member's, else the one of the cookie, else the browser's first that is offered."""
    wanted = of_member or request.cookies.get(COOKIE, "")
    if wanted:
        return translated(fitting(wanted, offered))
    for tag, _quality in request.accept_languages:
        found = fitting(tag, offered)
        if found.split("_")[0] == tag.replace("-", "_").split("_")[0].lower():
            return translated(found)
    return translated(offered[0])


def named(offered: Sequence[str], language: Language) -> dict[str, str]:
    """Languages to choose among, by code: each by its own name, where we know it."""
    return {code: NAMES.get(code, language.locale.languages.get(code, code)) for code in offered}


def install(app: Flask, language: Callable[[], Language]) -> None:
    """Templates speak the language of the request: `_("...")`, ngettext, and the filters of Language."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")

    def gettext(text: str) -> str:
        return language().catalogue.gettext(text)

    def ngettext(one: str, more: str, count: int) -> str:
        return language().catalogue.ngettext(one, more, count)

    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= _filters(language)


def _filters(language: Callable[[], Language]) -> dict[str, Any]:
    """`{{ day|day }}`, `{{ 12000|number }}`, `{{ texts|own }}`, `{{ instant|instant(zone) }}`, `{{ instant|moment(zone) }}`."""

    def instant(value: datetime, zone: str) -> str:
        return language().instant(value, ZoneInfo(zone))

    def moment(value: datetime, zone: str) -> str:
        return language().moment(value, ZoneInfo(zone))

    def of(name: str) -> Callable[..., Any]:
        def formatted(value: Any, *args: Any) -> Any:
            return getattr(language(), name)(value, *args)

        return formatted

    names = ("number", "percent", "money", "day", "month", "listed", "own")
    return {**{name: of(name) for name in names}, "instant": instant, "moment": moment, "capital": title}
