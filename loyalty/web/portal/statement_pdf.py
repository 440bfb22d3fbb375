"""A statement as PDF, set by typst where it is installed (`loyalty[pdf]`)."""

import importlib.util
import json
from typing import Any

from loyalty.i18n import Language, _
from loyalty.program.brand import Brand
from loyalty.settings import folder
from loyalty.web.portal.statement_told import Statement

#: What a statement is set in: our own first, then that of the system for what it lacks.
FONTS = {"zh_Hans": ["Inter", "Noto Sans CJK SC"], "zh_Hant": ["Inter", "Noto Sans CJK TC"]}
OTHERS = ["Inter", "Noto Sans CJK SC", "Noto Sans"]


def available() -> bool:
    """Whether statements can be had as PDF."""
    return importlib.util.find_spec("typst") is not None


def pdf(statement: Statement, head: dict[str, str], brand: Brand, language: Language) -> bytes:
    """A statement as PDF. `head` has program, title, number and name. Every text goes in as data."""
    import typst  # noqa: PLC0415 it is an extra

    sources = folder("templates") / "statement"
    data = json.dumps(_data(statement, head, brand, language), ensure_ascii=False)
    made = typst.compile(
        str(sources / "statement.typ"), root=str(sources), font_paths=[str(sources)], sys_inputs={"data": data}, format="pdf"
    )
    return bytes(made)


def _data(statement: Statement, head: dict[str, str], brand: Brand, language: Language) -> dict[str, Any]:
    say, number = language.say, language.number
    return {
        "title": head["title"], "program": head["program"], "accent": brand.accent, "colour": brand.colour,
        "lang": language.tag.split("-")[0], "fonts": FONTS.get(language.code, OTHERS), "page": say(_("Page")),
        "facts": [(say(_("Member")), head["name"] or head["number"]), (say(_("Number")), head["number"])]
        + [(say(_("Status")), status_told(language, *span)) for span in statement.spans],
        "balances": {
            "title": say(_("Balances")), "head": ["", say(_("Opening")), say(_("Net change")), say(_("Closing"))],
            "rows": [(name, *map(number, amounts)) for name, *amounts in statement.balances],
        },
        "entries": {
            "title": say(_("Entries")), "none": say(_("Nothing was posted in this period.")),
            "head": [say(_("Posted")), say(_("What")), *statement.units],
            "rows": [_row(row, language) for row in statement.rows],
        },
        "note": say(_("Entries stand in the period in which they were posted, whatever day they count for.")),
    }  # fmt: skip


def _row(row: dict[str, Any], language: Language) -> dict[str, Any]:
    what = language.say(_("{what}, taken back"), what=row["what"]) if row["undone"] else row["what"]
    amounts = ["" if amount is None else language.number(amount) for amount in row["amounts"]]
    return {"day": language.day(row["posted_on"], "short"), "what": what, "details": row["details"], "amounts": amounts}


def status_told(language: Language, tier: str, first: Any, last: Any) -> str:
    """A tier held in the period, from when and to when."""
    if last is None:
        return language.say(_("{tier}, from {first}"), tier=tier, first=language.day(first))
    return language.say(_("{tier}, {first} to {last}"), tier=tier, first=language.day(first), last=language.day(last))
