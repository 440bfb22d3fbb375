"""How many of each were there over time: areas upon each other, in SVG, for a page that has the same figures as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from markupsafe import Markup, escape

from loyalty.i18n import Language

#: The size of the drawing, and the room for its words.
WIDTH, HEIGHT, BELOW, ABOVE = 640, 240, 26, 24


@dataclass(frozen=True)
class Level:
    """One of what is counted, and how many there were on each of the days of a drawing."""

    name: str
    colour: str
    counts: Sequence[int]


def levels_drawn(days: Sequence[date], levels: Sequence[Level], title: str, language: Language) -> Markup:
    """Levels upon each other, the first at the bottom. Nothing of less than two days, or where there never were any."""
    tops = [list(accumulate(counts)) for counts in zip(*(level.counts for level in levels), strict=True)]
    most = max((top[-1] for top in tops), default=0)
    if len(days) < 2 or not most:
        return Markup("")
    first, span = days[0], (days[-1] - days[0]).days
    across = [(day - first).days * WIDTH // span for day in days]

    def y(count: int) -> int:
        return HEIGHT - BELOW - count * (HEIGHT - BELOW - ABOVE) // most

    parts = []
    for n, level in enumerate(levels):
        upper = [f"{x} {y(top[n])}" for x, top in zip(across, tops, strict=True)]
        lower = [f"{x} {y(top[n - 1] if n else 0)}" for x, top in zip(across, tops, strict=True)]
        path = f"M{' L'.join([*upper, *reversed(lower)])} Z"
        words = f"{level.name}: {language.number(level.counts[-1])}"
        parts.append(
            f'<path class="chart-level" d="{path}" fill="{escape(level.colour)}"><title>{escape(words)}</title></path>'
        )
    line = f'<line class="chart-grid" x1="0" x2="{WIDTH}" y1="{{0}}" y2="{{0}}"/>'
    grid = line.format(y(0)) + line.format(y(most))
    words = (
        f'<text x="2" y="{y(most) - 7}">{escape(language.number(most))}</text>'
        f'<text x="2" y="{HEIGHT - 6}">{escape(language.month(first))}</text>'
        f'<text x="{WIDTH - 2}" y="{HEIGHT - 6}" text-anchor="end">{escape(language.month(days[-1]))}</text>'
    )
    return Markup(  # noqa: S704 numbers of ours and escaped texts
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{grid}'
        f"{''.join(parts)}{words}</svg>"
    )
