"""Airports by their IATA codes, and the distance of two, where the packages airportsdata and geographiclib are there."""

from collections.abc import Mapping
from functools import cache
from typing import Any

METRES = {"miles": 1609.344, "kilometres": 1000.0}


@cache
def airports() -> Mapping[str, Any]:
    """Every airport by its code, with name, city, country, lat and lon; none without the package."""
    try:
        import airportsdata  # noqa: PLC0415 heavy, and not always there
    except ImportError:
        return {}
    found: Mapping[str, Any] = airportsdata.load("IATA")
    return found


def label(code: str) -> str:
    """An airport as people know it: `Chicago, O'Hare International Airport (ORD)`. Raises KeyError for an unknown one."""
    one = airports()[code]
    return f"{one['city']}, {one['name']} ({code})"


def matching(text: str, most: int = 12) -> list[str]:
    """The codes that a text may mean: the code itself first, then cities, then names that have it; few where it is short."""
    wanted = text.strip().casefold()
    if len(wanted) < 2:
        return []
    ranked = [(rank, code) for code, one in airports().items() for rank in _ranks(wanted, code, one)]
    return [code for _, code in sorted(ranked)[:most]]


def _ranks(wanted: str, code: str, one: Mapping[str, Any]) -> list[int]:
    """How well an airport fits: one rank, the lowest for the best; none where it does not."""
    city, name = one["city"].casefold(), one["name"].casefold()
    tests = (code.casefold() == wanted, city == wanted, city.startswith(wanted), name.startswith(wanted), wanted in name)
    return [next(rank for rank, fits in enumerate(tests) if fits)] if any(tests) else []


@cache
def distance(origin: str, destination: str, unit: str = "miles") -> int:
    """The distance of two airports along the WGS84 ellipsoid in whole miles or kilometres.

    Raises KeyError for an unknown airport, ImportError without the package.
    """
    from geographiclib.geodesic import Geodesic  # noqa: PLC0415 not always there

    a, b = airports()[origin], airports()[destination]
    metres: float = Geodesic.WGS84.Inverse(a["lat"], a["lon"], b["lat"], b["lon"])["s12"]
    return round(metres / METRES[unit])
