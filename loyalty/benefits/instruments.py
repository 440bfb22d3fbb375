"""What can be granted and used, and how long something that comes back is good for. Pure."""

from datetime import date, timedelta
from functools import lru_cache

from loyalty.errors import Refused
from loyalty.i18n import Text, _
from loyalty.program.catalog import Instrument
from loyalty.program.load import Edition, Program
from loyalty.program.problems import listed, nearest

#: The most that is granted or used at a time.
MOST = 1_000_000


@lru_cache(maxsize=100)
def names(program: Program) -> tuple[str, ...]:
    """Everything that can be granted and used, of all editions: instruments, and benefits with a quota."""
    return tuple(dict.fromkeys(name for edition in program.editions for name in _named(edition)))


def _named(edition: Edition) -> list[str]:
    found = [one.id for one in edition.benefits.instruments]
    found += [one.id for one in edition.benefits.benefits if one.quota is not None]
    for milestone in edition.ladder.milestones:
        options = milestone.choice.options.values() if milestone.choice is not None else ()
        gifts = [*milestone.gives, *(gift for gifts in options for gift in gifts)]
        found += [gift.instrument for gift in gifts if gift.instrument is not None]
    return found


def known_right(program: Program, what: str) -> None:
    """Make sure that there is such an instrument or quota. Raises Refused: `unknown_entitlement`."""
    allowed = names(program)
    if what not in allowed:
        raise Refused("unknown_entitlement", what=what, allowed=listed(allowed), nearest=nearest(what, allowed))


def instrument_on(program: Program, what: str, day: date) -> Instrument | None:
    """An instrument by the edition in force on a day; none for a quota, or where benefits.yaml does not tell it."""
    edition = program.edition_on(day)
    return next((one for one in edition.benefits.instruments if one.id == what), None) if edition is not None else None


def valid_day(program: Program, what: str, service_on: date, today: date) -> date:
    """The day that must lie within the validity: that of the service, or that of the use."""
    about = instrument_on(program, what, today)
    return today if about is not None and about.valid_on == "use" else service_on


def good_again(program: Program, what: str, today: date) -> date | None:
    """The end to which something is good that comes back today, where its instrument puts that off."""
    about = instrument_on(program, what, today)
    return today + timedelta(days=about.returned) if about is not None and about.returned is not None else None


def known_amount(what: str, amount: int) -> None:
    """Make sure that so many can be granted or used. Raises Refused: `bad_amount`."""
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= MOST:
        raise Refused(
            "bad_amount", amount=amount, unit=what, allowed=Text(_("a whole number from 1 through {most}"), most=MOST)
        )


def used_alone(edition: Edition) -> frozenset[str]:
    """The instruments that a member may use without a service: good by the day of use, and for no request."""
    asked = {use.instrument for kind in edition.requests.requests for use in kind.instruments}
    return frozenset(one.id for one in edition.benefits.instruments if one.valid_on == "use" and one.id not in asked)
