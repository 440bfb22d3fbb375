"""The course of a balance as a drawing: a line of steps, in SVG, for a page that has the same figures as a table."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from markupsafe import Markup, escape

from loyalty.i18n import Language

#: The size of the drawing, and the room for its words.
WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 640, 220, 8, 26, 22
#: A step of the drawing is no narrower than this many days' share: more points than pixels show nothing more.
MOST = 320

#: A day and the balance at its end.
Course = Sequence[tuple[date, Decimal]]


def points_drawn(course: Course, last: date, title: str, language: Language) -> Markup:
    """The balance from the first day to the last one. Nothing for a balance that never was anything."""
    if not course:
        return Markup("")
    first, top = course[0][0], max(amount for _day, amount in course)
    low = min(Decimal(0), *(amount for _day, amount in course))
    days, span = max((last - first).days, 1), max(top - low, Decimal(1))

    def x(day: date) -> int:
        return LEFT + (day - first).days * (WIDTH - 2 * LEFT) // days

    def y(amount: Decimal) -> int:
        return HEIGHT - BELOW - int((amount - low) * (HEIGHT - BELOW - ABOVE) / span)

    path = _steps([(x(day), y(amount)) for day, amount in thinned(course)], x(last))
    grid = "".join(f'<line class="chart-grid" x1="{LEFT}" x2="{WIDTH - LEFT}" y1="{y(at)}" y2="{y(at)}"/>' for at in (low, top))
    words = (
        f'<text x="{LEFT}" y="{y(top) - 6}">{escape(language.number(top))}</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 6}">{escape(language.month(first))}</text>'
        f'<text x="{WIDTH - LEFT}" y="{HEIGHT - 6}" text-anchor="end">{escape(language.month(last))}</text>'
    )
    return Markup(  # noqa: S704 numbers of ours and escaped texts
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{grid}'
        f'<path class="chart-area" d="{path} V{y(low)} H{x(first)} Z"/><path class="chart-line" d="{path}"/>{words}</svg>'
    )


def _steps(places: Sequence[tuple[int, int]], end: int) -> str:
    (x, y), *more = places
    return f"M{x} {y}" + "".join(f" H{to} V{height}" for to, height in more) + f" H{end}"


def thinned(course: Course) -> Course:
    """At most MOST of the course, the last always among them."""
    every = -(-len(course) // MOST)
    return course if every <= 1 else [one for n, one in enumerate(reversed(course)) if n % every == 0][::-1]
