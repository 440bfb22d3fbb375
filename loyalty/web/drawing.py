"""Charts as SVG, drawn here: no script and no style is needed, and every figure stands beside in words. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

#: The drawing's own measures; it is scaled to its place.
WIDE, LABELS, ROW, BAR, TOP = 400, 88, 30, 18, 6


@dataclass(frozen=True)
class Bar:
    """A span of days in a row: [`begins`, `until`); `words` say what it is, `foreseen` that it is only known to come."""

    row: str
    colour: str
    begins: date
    until: date
    words: str
    foreseen: bool = False


def spans_drawn(bars: Sequence[Bar], rows: Sequence[str], today: date, words: tuple[str, str, str]) -> Markup:
    """Spans over years, a row for each name with the first on top. `words` are title, description, and the word for today."""
    title, description, now = words
    first, last = min(bar.begins for bar in bars), max(bar.until for bar in bars)
    scale = _Scale(first.toordinal(), max(last.toordinal(), first.toordinal() + 1))
    bottom = TOP + ROW * len(rows)
    parts = [*_years(scale, first, last, bottom), *_rows(rows), *(_bar(scale, bar, rows.index(bar.row)) for bar in bars)]
    at = scale.x(today)
    line = f'<path class="drawn-today" d="M{at} {TOP}V{bottom + 4}"/>'
    mark = f'<text class="drawn-small" x="{min(at, WIDE - 16)}" y="{bottom + 32}" text-anchor="middle">{escape(now)}</text>'
    head = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    size = f'viewBox="0 0 {WIDE} {bottom + 38}" width="{WIDE}" height="{bottom + 38}"'
    body = "".join([*parts, line, mark])
    return Markup(f'<svg class="drawn" role="img" {size}>{head}{body}</svg>')  # noqa: S704 every text in it is escaped


@dataclass(frozen=True)
class _Scale:
    """Days laid out between the labels and the right edge."""

    first: int
    last: int

    def x(self, day: date) -> int:
        share = min(max(day.toordinal(), self.first), self.last) - self.first
        return LABELS + (WIDE - LABELS - 4) * share // (self.last - self.first)


def _years(scale: _Scale, first: date, last: date, bottom: int) -> Iterator[str]:
    """A line for each January 1, with its year where there is room."""
    years = range(first.year + 1, last.year + 1)
    every = len(years) // 6 + 1
    for n, year in enumerate(years):
        x = scale.x(date(year, 1, 1))
        yield f'<path class="drawn-line" d="M{x} {TOP}V{bottom + 4}"/>'
        if n % every == 0 and x < WIDE - 14:
            yield f'<text class="drawn-small" x="{x}" y="{bottom + 17}" text-anchor="middle">{year}</text>'


def _rows(rows: Sequence[str]) -> Iterator[str]:
    for n, name in enumerate(rows):
        yield f'<text class="drawn-label" x="0" y="{TOP + ROW * n + ROW // 2 + 4}">{escape(name)}</text>'


def _bar(scale: _Scale, bar: Bar, row: int) -> str:
    left = scale.x(bar.begins)
    size = f'x="{left}" y="{TOP + ROW * row + (ROW - BAR) // 2}" width="{max(scale.x(bar.until) - left, 2)}" height="{BAR}"'
    kind = "drawn-bar foreseen" if bar.foreseen else "drawn-bar"
    return f'<rect class="{kind}" {size} rx="4" fill="{escape(bar.colour)}"><title>{escape(bar.words)}</title></rect>'
