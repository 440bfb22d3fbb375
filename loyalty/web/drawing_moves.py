"""Who goes from which tier to which, as a Sankey drawing in SVG, for a page that has the same figures as a table. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

#: The drawing's own measures: the room for names on either side, the width of a tier, the height of all members together.
WIDE, LABELS, NODE, TALL, GAP, TOP = 400, 96, 10, 220, 14, 4
#: A tier has room for its name, and whoever moves can be seen.
LEAST_ROOM, LEAST_FLOW = 20, 1.5


@dataclass(frozen=True)
class Tier:
    """A tier of either side, its colour, and how many members it has there in words."""

    id: str
    name: str
    colour: str
    now: str
    then: str


Matrix = Mapping[tuple[str, str], int]


def moves_drawn(tiers: Sequence[Tier], matrix: Matrix, words: tuple[str, str], told: Mapping[tuple[str, str], str]) -> Markup:
    """The members of each tier now on the left, under the draft on the right, the highest tier on top, and a band for each
    move. `words` are title and description, `told` what each band says. Nothing without members."""
    everyone = sum(matrix.values())
    if not everyone:
        return Markup("")
    order = [tier.id for tier in tiers]
    flows = {pair: max(count * TALL / everyone, LEAST_FLOW) for pair, count in matrix.items() if count}
    sides = [_stacked(order, [(pair[side], height) for pair, height in flows.items()]) for side in (0, 1)]
    tops = [{tier: top for tier, (top, _height) in side.items()} for side in sides]
    bands = []
    # from the top of the left side down, and of the right side, so that bands cross no more than they must
    for pair in sorted(flows, key=lambda one: (order.index(one[0]), order.index(one[1]))):
        bands.append(_band(pair, order, tops[0][pair[0]], tops[1][pair[1]], flows[pair], told[pair]))
        tops[0][pair[0]] += flows[pair]
        tops[1][pair[1]] += flows[pair]
    nodes = [_node(tier, sides[side][tier.id], side) for side in (0, 1) for tier in tiers if tier.id in sides[side]]
    tall = round(max(top + max(height, LEAST_ROOM) for side in sides for top, height in side.values())) + TOP + 8
    head = f"<title>{escape(words[0])}</title><desc>{escape(words[1])}</desc>"
    body = "".join([*bands, *nodes])
    size = f'viewBox="0 0 {WIDE} {tall}" width="{WIDE}" height="{tall}"'
    return Markup(f'<svg class="drawn sankey" role="img" {size}>{head}{body}</svg>')  # noqa: S704 every text in it is escaped


def _stacked(order: Sequence[str], parts: Sequence[tuple[str, float]]) -> dict[str, tuple[float, float]]:
    """The top and height of each tier of a side that has members."""
    found: dict[str, tuple[float, float]] = {}
    at = float(TOP)
    for tier in order:
        height = sum(part for name, part in parts if name == tier)
        if height:
            found[tier] = (at, height)
            at += max(height, LEAST_ROOM) + GAP
    return found


def _band(pair: tuple[str, str], order: Sequence[str], left: float, right: float, height: float, said: str) -> str:
    step = order.index(pair[0]) - order.index(pair[1])  # the highest is first
    kind = "stays" if step == 0 else "rises" if step > 0 else "falls"
    x, to = LABELS + NODE, WIDE - LABELS - NODE
    half = (x + to) // 2
    path = (f"M{x} {left:.1f}C{half} {left:.1f} {half} {right:.1f} {to} {right:.1f}V{right + height:.1f}"
            f"C{half} {right + height:.1f} {half} {left + height:.1f} {x} {left + height:.1f}Z")  # fmt: skip
    return f'<path class="flow {kind}" d="{path}"><title>{escape(said)}</title></path>'


def _node(tier: Tier, place: tuple[float, float], side: int) -> str:
    top, height = place
    x = WIDE - LABELS - NODE if side else LABELS
    at, anchor = (x + NODE + 6, "start") if side else (x - 6, "end")
    middle = top + max(height, LEAST_ROOM) / 2 if height >= LEAST_ROOM else top + LEAST_ROOM / 2
    rect = f'<rect class="drawn-bar" x="{x}" y="{top:.1f}" width="{NODE}" height="{height:.1f}" fill="{escape(tier.colour)}"/>'
    name = f'<text x="{at}" y="{middle - 1:.1f}" text-anchor="{anchor}">{escape(tier.name)}</text>'
    many = tier.then if side else tier.now
    count = f'<text class="drawn-small" x="{at}" y="{middle + 11:.1f}" text-anchor="{anchor}">{escape(many)}</text>'
    return rect + name + count
