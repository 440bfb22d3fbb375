"""The members that a form for many names: those of a file, or those of a segment at this moment."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import request

from loyalty.desk.files import MOST, Row, rows_for, rows_of
from loyalty.errors import Refused
from loyalty.insight.segments import Segment, numbers_of
from loyalty.web.site import Site

#: Conditions of a segment that are one text each.
TEXTS = ("attribute", "value", "enrolled_from", "enrolled_through")
LONGEST = 200


def segment_typed(sent: Any) -> dict[str, Any]:
    """The conditions as they were typed, to be read and shown again."""
    tiers = sent.getlist("tiers") if hasattr(sent, "getlist") else []
    typed = {name: str(sent.get(f"segment.{name}", "")).replace("\0", "").strip()[:LONGEST] for name in TEXTS}
    return {**typed, "tiers": [one.replace("\0", "")[:LONGEST] for one in tiers[:100]]}


def chosen_rows(site: Site, typed: Mapping[str, Any], shared: Mapping[str, str]) -> tuple[Sequence[Row], dict[str, Any]]:
    """A row for each member, and how they were chosen. Raises Refused: what `rows_of` and `numbers_of` raise, and `bad_field`
    for a file and a segment at once, for a day that is none, and for more members than a bulk may have."""
    file, segment = request.files.get("file"), _segment(typed)
    if file is not None and file.filename:
        if segment.told:
            raise Refused("bad_field", field="file", found="a file and a segment", allowed="one of them", nearest="")
        return rows_of(file.stream, shared), {"file": file.filename.replace("\0", "")[:LONGEST]}
    if not segment.told:
        raise Refused("missing_field", field="file", allowed="a file, or conditions of a segment")
    numbers = numbers_of(site.reading, site.program, segment, site.today, MOST)
    if len(numbers) > MOST:
        raise Refused("bad_field", field="segment", found=f"more than {MOST} members", allowed=f"at most {MOST}", nearest="")
    return rows_for(numbers, shared), {"segment": segment.told}


def _segment(typed: Mapping[str, Any]) -> Segment:
    days = {name: _day(name, typed[name]) for name in ("enrolled_from", "enrolled_through")}
    return Segment(tuple(typed["tiers"]), typed["attribute"], typed["value"], **days)


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("bad_field", field=name, found=repr(text), allowed="YYYY-MM-DD", nearest="") from None
