"""What the rows of a bulk come to altogether: moves between tiers, amounts and entitlements summed, rows counted. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from loyalty.desk.effect import State

#: Parts of a state whose values are summed by name; of benefits it is what is left.
SUMMED = ("counters", "balances", "benefits")


@dataclass
class Totals:
    """Sums over rows: `moves` counts rows by tier of the day before and after, `sums` and `rows` add up by part and name."""

    day: date
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    sums: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, before: State, after: State) -> None:
        """Add what one row changes, as `effect.changed` tells it."""
        for part in before.keys() | after.keys():
            was, now = before.get(part, {}), after.get(part, {})
            if part == "status":
                self._status(was, now)
            elif part in SUMMED:
                for name, change in _changes(part, was, now).items():
                    self.sums[part, name] += change  # type: ignore[assignment]
                    self.rows[part, name] += 1
            else:
                self.rows[part, ""] += 1

    def _status(self, was: State, now: State) -> None:
        old, new = (_tier_on(side, self.day) for side in (was, now))
        if old == new or old is None or new is None:
            self.rows["status", ""] += 1  # the tier of the day stays: its end, or spans to come, change
        else:
            self.moves[old, new] += 1

    @property
    def told(self) -> dict[str, Any]:
        """As JSON values, in one order."""
        return {
            "moves": [[old, new, rows] for (old, new), rows in sorted(self.moves.items())],
            "parts": [
                [part, name, rows, str(self.sums[part, name]) if part in SUMMED else None]
                for (part, name), rows in sorted(self.rows.items())
            ],
        }


def _tier_on(spans: State, day: date) -> str | None:
    """The tier of the span that holds on a day, of those that are told; none where that span is not, or its tier stays."""
    begun = [begins for begins in spans if begins <= day.isoformat()]
    return spans[max(begun)].get("tier") if begun else None


def _changes(part: str, was: State, now: State) -> dict[str, Decimal]:
    """How much each name of a part rises or falls. What a benefit has been numbered with is left out."""
    found: dict[str, Decimal] = {}
    for name in was.keys() | now.keys():
        old, new = (_amount(side.get(name, 0)) for side in (was, now))
        short = name.partition(" ")[0] if part == "benefits" else name
        found[short] = found.get(short, Decimal(0)) + new - old
    return found


def _amount(value: Any) -> Decimal:
    return Decimal(str(value.get("left", 0) if isinstance(value, dict) else value))
