"""What may be refused, by name, as the edition of a day has it."""

from datetime import date

from loyalty.errors import Refused
from loyalty.i18n import Named
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.program.telling import Consent


def refusable(program: Program, name: str, day: date) -> Consent:
    """A consent that members may give and withdraw. Raises Refused: `unknown_consent`, `consent_not_refusable`."""
    known = consents(program, day)
    if name not in known:
        raise Refused("unknown_consent", consent=name, allowed=listed(known), nearest=nearest(name, known))
    if known[name].transactional:
        raise Refused("consent_not_refusable", consent=Named(name, known[name].name))
    return known[name]


def consents(program: Program, day: date) -> dict[str, Consent]:
    """Every consent by name, as the edition of the day, or the newest that has it, has it: old mail names old ones."""
    edition = program.edition_on(day)
    editions = [*program.editions, *([edition] if edition else [])]
    return {name: consent for one in editions for name, consent in one.messages.consents.items()}
