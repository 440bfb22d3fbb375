"""What conditions and order keys of a request may ask: its fields, the classes, the instrument, the tier, the member."""

from collections.abc import Mapping, Sequence

from loyalty.program.asking import RequestKind, ServiceKind
from loyalty.program.models import ActivityField, ActivityKind, Attribute
from loyalty.program.scope import Scope, scope_of

#: What a request has beside the fields of its kind, in the order of a case.
BESIDE = ("from_class", "to_class", "instrument")


def request_scope(
    kind: RequestKind,
    service: ServiceKind,
    instruments: Sequence[str],
    tiers: tuple[str, ...],
    attributes: Mapping[str, Attribute],
    money: int = 2,
) -> Scope:
    """Everything that a rule about one kind of request may name. `money` is the currency's number of minor digits.

    A case is `(fields, rank, attributes)`: `fields` are the values of `kind.fields` in their order, then from_class, to_class
    and the instrument (none without one); `rank` is the place in `tiers` of the tier with which the party is processed;
    `attributes` the member's values in the order of `attributes`. Numbers are integers in the field's smallest step, a day is
    its ISO text, a missing value is None.
    """
    classes = tuple(service.classes)
    wanted = tuple(dict.fromkeys(name for asked in kind.classes.values() for name in asked))
    beside = (
        ActivityField(type="text", one_of=classes),
        ActivityField(type="text", one_of=wanted or classes),
        ActivityField(type="text", one_of=tuple(instruments), optional=True),
    )
    fields = {**kind.fields, **dict(zip(BESIDE, beside, strict=True))}
    return scope_of(ActivityKind(name=kind.name, fields=fields), tiers, attributes, money)
