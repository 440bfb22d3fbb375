"""The catalogue of reasons: why a request is refused, waits, was given, passed over or ended; a code and its sentence.

All texts stand here, so that they can be told in another language. Figures are filled in by name.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from loyalty.i18n import ENGLISH, Language, _

#: code -> sentence. The code is stable; the sentence is for people.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        # refused
        "asked_already": _("It was asked already, by request {key}, for the same service and class."),
        "class_not_offered": _("From {from_class} one may not ask for {to_class} of this service; allowed: {allowed}."),
        "fields_not_allowed": _("It cannot be asked with these fields; allowed: {allowed}."),
        "instrument_not_allowed": _("{instrument} is not good for this request; allowed: {allowed}."),
        "instrument_not_held": _("{needed} of {instrument} are needed for the service on {on}, {left} may be used."),
        "instrument_not_offered": _("One may not ask with {instrument}; allowed: {allowed}."),
        "no_benefit": _("{tier} does not have {benefit}; allowed: {allowed}."),
        "not_a_member": _("The membership did not hold on {on}."),
        "service_cancelled": _("The service was cancelled."),
        "service_closed": _("The service is closed."),
        "too_early": _("Requests are taken from {opens_at}."),
        "too_late": _("Requests ended at {closes_at}."),
        "too_many_companions": _("A party of {companions} companions; allowed: {allowed}."),
        # waiting
        "window_not_open": _("It may be confirmed from {opens_at}, the time of {tier}."),
        "window_closed": _("The window is not open any more; it may be confirmed from {opens_at}, the time of {tier}."),
        "no_window": _("{tier} has no time from which it may be confirmed."),
        "window_come": _("Its time has come; it stands in the queue."),
        "window_open": _("It may be confirmed and stands in the queue {queue}."),
        "replaced": _("The service took the place of another; the time of the request stands."),
        "moved": _("The service was moved; the time of the request stands."),
        # given
        "given_at_once": _("Given at once."),
        "given_from_queue": _("Given from the queue {queue}."),
        # passed over
        "membership_lost": _("The membership does not hold any more."),
        "benefit_lost": _("{tier} does not have {benefit}."),
        "instrument_lost": _("The instrument does not hold any more."),
        "skipped": _("Passed over by staff: {why}."),
        "skip_ended": _("Staff let it stand in the queue again: {why}."),
        "no_units": _("No unit is left."),
        "too_few_units": _("{size} units are needed, {left} are left."),
        "held_up": _("A larger party stands before it and is not passed over."),
        # ended
        "not_given": _("Requests ended at {closes_at} without a unit for it."),
        "right_ended": _("The right to it ended: {why}"),
        "by_member": _("Cancelled by the member."),
        "by_staff": _("Cancelled by staff: {why}."),
        "given_back": _("The unit was given back by staff: {why}."),
    }
)


def sentence(code: str, details: str | Mapping[str, Any] = "{}", language: Language = ENGLISH) -> str:
    """The sentence of a reason with its figures, given as a mapping or as the JSON that is kept, in a language. Raises KeyError
    for a code that is not in the catalogue or a figure that is missing."""
    figures = json.loads(details) if isinstance(details, str) else details
    return language.say(REASONS[code], **figures) if code else ""
