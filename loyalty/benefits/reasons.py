"""The catalogue of reasons: why a request is refused, waits, was given, passed over or ended; a code and its sentence.

All texts stand here, so that they can be told in another language. Figures are filled in by name.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

#: code -> sentence. The code is stable; the sentence is for people.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        # refused
        "asked_already": "It was asked already, by request {key}, for the same service and class.",
        "class_not_offered": "From {from_class} one may not ask for {to_class} of this service; allowed: {allowed}.",
        "fields_not_allowed": "It cannot be asked with these fields; allowed: {allowed}.",
        "instrument_not_allowed": "{instrument} is not good for this request; allowed: {allowed}.",
        "instrument_not_held": "{needed} of {instrument} are needed for the service on {on}, {left} may be used.",
        "instrument_not_offered": "One may not ask with {instrument}; allowed: {allowed}.",
        "no_benefit": "{tier} does not have {benefit}; allowed: {allowed}.",
        "not_a_member": "The membership did not hold on {on}.",
        "service_cancelled": "The service was cancelled.",
        "service_closed": "The service is closed.",
        "too_early": "Requests are taken from {opens_at}.",
        "too_late": "Requests ended at {closes_at}.",
        "too_many_companions": "A party of {companions} companions; allowed: {allowed}.",
        # waiting
        "window_not_open": "It may be confirmed from {opens_at}, the time of {tier}.",
        "window_closed": "The window is not open any more; it may be confirmed from {opens_at}, the time of {tier}.",
        "no_window": "{tier} has no time from which it may be confirmed.",
        "window_come": "Its time has come; it stands in the queue.",
        "window_open": "It may be confirmed and stands in the queue {queue}.",
        "replaced": "The service took the place of another; the time of the request stands.",
        "moved": "The service was moved; the time of the request stands.",
        # given
        "given_at_once": "Given at once.",
        "given_from_queue": "Given from the queue {queue}.",
        # passed over
        "membership_lost": "The membership does not hold any more.",
        "benefit_lost": "{tier} does not have {benefit}.",
        "instrument_lost": "The instrument does not hold any more.",
        "skipped": "Passed over by staff: {why}.",
        "skip_ended": "Staff let it stand in the queue again: {why}.",
        "no_units": "No unit is left.",
        "too_few_units": "{size} units are needed, {left} are left.",
        "held_up": "A larger party stands before it and is not passed over.",
        # ended
        "not_given": "Requests ended at {closes_at} without a unit for it.",
        "right_ended": "The right to it ended: {why}",
        "by_member": "Cancelled by the member.",
        "by_staff": "Cancelled by staff: {why}.",
        "given_back": "The unit was given back by staff: {why}.",
    }
)


def sentence(code: str, details: str | Mapping[str, Any] = "{}") -> str:
    """The sentence of a reason with its figures, given as a mapping or as the JSON that is kept. Raises KeyError for a code
    that is not in the catalogue or a figure that is missing."""
    figures = json.loads(details) if isinstance(details, str) else details
    return REASONS[code].format(**figures) if code else ""
