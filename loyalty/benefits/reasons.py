"""The catalogue of reasons: why a request is refused, waits, was given, passed over or ended; a code and its sentence.

All texts stand here, so that they can be told in another language. Figures are filled in by name. What a figure names is kept
in every language of the program, days and instants as such: so what was decided is told in any language, and as it was then.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.i18n import ENGLISH, At, Language, Named, Text, _
from loyalty.keys import dumps

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


#: What the states of requests and of services are called.
STATES: Mapping[str, Text] = MappingProxyType(
    {
        "pending": Text(_("pending")),
        "waitlisted": Text(_("waitlisted")),
        "confirmed": Text(_("confirmed")),
        "cleared": Text(_("cleared")),
        "not_cleared": Text(_("not cleared")),
        "cancelled": Text(_("cancelled")),
        "refused": Text(_("refused")),
        "open": Text(_("open")),
        "closed": Text(_("closed")),
    }
)


def kept(details: Mapping[str, Any]) -> str:
    """The figures of a reason as the JSON that is kept."""
    return dumps(_kept(details))


def _kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _kept(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_kept(one) for one in value]
    if isinstance(value, Named):
        return {"texts": value.texts} if value.texts else value.replace("_", " ")
    if isinstance(value, At):
        return {"at": value.instant.isoformat(), "zone": value.zone}
    return {"day": value.isoformat()} if isinstance(value, date) else value


def sentence(code: str, details: str | Mapping[str, Any] = "{}", language: Language = ENGLISH) -> str:
    """The sentence of a reason with its figures, given as a mapping or as the JSON that is kept, in a language. Raises KeyError
    for a code that is not in the catalogue or a figure that is missing."""
    figures = json.loads(details) if isinstance(details, str) else _kept(details)
    return language.say(REASONS[code], **{name: _told(one, language) for name, one in figures.items()}) if code else ""


def _told(figure: Any, language: Language) -> str:
    if isinstance(figure, list):
        return language.enumerated([_told(one, language) for one in figure]) if figure else language.say(_("none"))
    if not isinstance(figure, dict):
        return language.told(figure)
    if "texts" in figure:
        return language.own(figure["texts"])
    if "reason" in figure:
        return sentence(figure["reason"], figure["figures"], language)
    if "day" in figure:
        return language.day(date.fromisoformat(figure["day"]))
    return language.instant(datetime.fromisoformat(figure["at"]), ZoneInfo(figure["zone"]))
