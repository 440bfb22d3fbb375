"""The catalogue of refusals: a stable code, one plain sentence, and the fields that explain it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

#: code -> sentence. The code is stable for clients; the sentence is for people.
CATALOGUE: Mapping[str, str] = MappingProxyType(
    {
        "activity_before_enrolment": "The activity is on {on}, before the member enrolled on {enrolled_on}.",
        "activity_after_leaving": "The activity is on {on}; the member left on {left_on}.",
        "activity_in_future": "The activity is on {on}, after today, {today}.",
        "already_left": "Member {number} left on {left_on}.",
        "amount_too_large": "{unit} {amount} is beyond what the books can hold.",
        "bad_amount": "{amount!r} is not an amount of {unit}: {allowed}.",
        "bad_units": "Class {class_}: found {found} units; allowed: a whole number, 0 or more.",
        "bad_zone": "There is no time zone {zone}; allowed: an IANA name such as Europe/Paris.",
        "bad_field": "Field {field}: found {found}; allowed: {allowed}.{nearest}",
        "bad_mapping": "The mapping cannot be used: {why}",
        "bad_webhook_url": "This address cannot be told: {why}.",
        "bad_plan": "The plan cannot be used: {why}",
        "case_closed": "Case {key!r} is closed.",
        "chain_of_sharing": "Member {number} has {tier} from a companion and cannot pass it on.",
        "companion_ended": "The companion {key} ended on {on}.",
        "companion_self": "Member {number} cannot be their own companion.",
        "database_behind": "The database is at {found}, this program needs {expected}: run `loyalty db upgrade`.",
        "edition_changed": "Edition {edition} of {program} has been published and is not the same any more: "
        "put the published files back, or state the change as a new edition.",
        "draft_too_early": "The draft would begin on {begins}; the first published edition of {program} begins on {first}. "
        "Allowed: that day or later.",
        "draft_without_day": "The folder {folder} is not named by a day, YYYY-MM-DD: say from which day its rules hold.",
        "edition_published": "Edition {edition} of {program} is published already, as it is.",
        "edition_missing": "No edition of {program} is in force on {on}; the first begins on {first}.",
        "household_full": "A household has at most {most} members, invitations included.",
        "household_head": "Only the head of a household invites and removes.",
        "household_had": "Member {number} is in a household already.",
        "household_no_invitation": "There is no open invitation to this household.",
        "household_no_member": "There is no member with this number and this name.",
        "household_self": "This is your own number.",
        "job_off": "The job {job} is off. Allowed: a cron line for it in the settings, or to run it now (--now).",
        "entitlement_ended": "{what} of member {number} was good through {last}, not on {on}.",
        "extension_not_later": "The entitlement is good through {last} already; {through} is no later day.",
        "grant_from_past": "A grant may begin today, {today}, or later; not on {begins}.",
        "key_reused": "Key {key!r} of {source!r} has been used for another input.",
        "member_exists": "Member {number} exists already, with other data.",
        "missing_field": "Field {field} is missing; allowed: {allowed}.",
        "no_config": "Nothing is found at {path}.",
        "no_snapshot": "No day has been kept yet: the job snapshot does so daily, or `loyalty run snapshot --now`.",
        "not_invitation_tier": "Tier {tier} is not by invitation.",
        "nothing_to_choose": "Member {number} has no open choice of {milestone}.",
        "nothing_to_revoke": "There is nothing to revoke: {what}.",
        "other_program": "The database belongs to program {found}, the settings name {expected}.",
        "not_held": "Member {number} has no {what} for {on}.",
        "not_yet": "{what} of member {number} is good from {begins}, not on {on}.",
        "nothing_left": "Member {number} has {left} of {what} left for {on}, not {amount}: "
        "{taken} of {quota} are used or held.",
        "nothing_to_return": "Nothing of member {number} was used under {key!r} that could come back{why}.",
        "option_not_for": "The option {option} is for {allowed}; member {number} has held {tier} at best.",
        "option_picked": "Member {number} has picked {option} for the period from {first} already.",
        "offer_had": "Member {number} had the offer {offer} already: {again}.",
        "offer_not_for": "The offer {offer} is not for {what}; allowed: {allowed}.",
        "request_ended": "Request {key!r} is {state} already.",
        "request_moved": "Request {key!r} has just gone over to another service: send it again.",
        "request_not_given": "Request {key!r} is {state}: nothing was given.",
        "secret_not_set": "Pages cannot be served: LOYALTY_SECRET is not set. Allowed: at least 32 characters, no spaces, "
        'such as `python -c "import secrets; print(secrets.token_urlsafe(48))"` prints.',
        "service_ended": "Service {key!r} is {state}.",
        "pick_too_early": "A pick for the period from {first} may be made from {opens} on, in the period before it.",
        "pick_too_late": "The choice {choice} for the period from {first} could be made through {last}.",
        "rewards_without_end": "What member {number} is given meets again and again what gives it.",
        "sharing_changed": "Member {number} has named {companion} for {year}; another may be named for a later year.",
        "sharing_not_held": "Member {number} has no lifetime tier that may be shared by {sharing}; allowed: {allowed}.",
        "span_backwards": "The span ends on {until}, not after it begins on {begins}.",
        "too_many_companions": "Member {number} shares with {companion} through {last}: at most {most} at a time.",
        "too_many_picks": "Member {number} has picked {count} for the period from {first}; no tier picks more.",
        "unknown_case": "Member {number} has no case with key {key!r}.",
        "unknown_class": "Service {key!r} has no class {class_}; allowed: {allowed}.{nearest}",
        "unknown_choice": "There is no choice {choice}; allowed: {allowed}.{nearest}",
        "unknown_companion": "Member {number} has named no companion under {key!r}.",
        "mail_not_set": "Mail cannot be sent: {what}.",
        "unknown_activity": "Member {number} has no activity with key {key!r} of {source!r}.",
        "unknown_consent": "There is no consent {consent}; allowed: {allowed}.{nearest}",
        "unknown_edition": "There is no edition {edition} of {program}; allowed: {allowed}, or a folder.{nearest}",
        "unknown_entitlement": "There is no instrument or quota {what}; allowed: {allowed}.{nearest}",
        "unknown_field": "Field {field} is unknown; allowed: {allowed}.{nearest}",
        "unknown_job": "There is no job {job}; there are: {allowed}.{nearest}",
        "unknown_kind": "There is no activity kind {kind}; allowed: {allowed}.{nearest}",
        "unknown_language": "The language {language} is not the program's; allowed: {allowed}.{nearest}",
        "consent_not_refusable": "Messages of {consent} belong to the membership and cannot be refused.",
        "unknown_message": "There is no message {message}.",
        "unknown_mapping": "There is no import mapping {name}; there are: {allowed}.{nearest}",
        "unknown_member": "There is no member {number}.",
        "unknown_program": "There is no program {program}; there are: {allowed}.{nearest}",
        "unknown_offer": "The offer {offer} is unknown; allowed: {allowed}.{nearest}",
        "unknown_option": "The option {option} is unknown; allowed: {allowed}.{nearest}",
        "unknown_request": "Member {number} has no request with key {key!r} of {source!r}.",
        "unknown_request_kind": "There is no kind of request {kind}; allowed: {allowed}.{nearest}",
        "unknown_service": "There is no {kind} {key!r}.",
        "unknown_service_kind": "There is no kind of service {kind}; allowed: {allowed}.{nearest}",
        "unknown_right": "Member {number} has no entitlement {right}.",
        "unknown_sharing": "There is no sharing {sharing}; allowed: {allowed}.{nearest}",
        "unknown_template": "There are no templates of a message {kind}; allowed: {allowed}.{nearest}",
        "unknown_tier": "There is no tier {tier}; allowed: {allowed}.{nearest}",
        "unknown_unit": "There is no unit {unit}; allowed: {allowed}.{nearest}",
        "units_taken": "Class {class_}: {taken} units are given out; {units} would be fewer.",
        "unknown_delivery": "There is no delivery {delivery!r}.",
        "unknown_webhook": "There is no endpoint {endpoint} of webhooks, or it was removed.",
        "unknown_webhook_type": "There is no type {type} of event; allowed: {allowed}.{nearest}",
        "webhook_exists": "Endpoint {endpoint} has this address already.",
        "waiver_not_offered": "This program waives nothing.",
        "waiver_too_large": "{unit} is {short} short of tier {tier}; at most {within} may be waived.",
    }
)


class Refused(Exception):
    """An input or request that the engine will not take, and why.

    `code` is a key of CATALOGUE, `fields` the figures of its sentence. Nothing has been changed when it is raised
    and its transaction rolled back. Raises KeyError when a code is not in the catalogue.
    """

    def __init__(self, code: str, **fields: Any) -> None:
        self.code = code
        self.fields = fields
        super().__init__(CATALOGUE[code].format(**fields))

    def __reduce__(self) -> tuple[Any, ...]:
        # Crosses from a worker process to its parent with its fields.
        return (_again, (self.code, self.fields))


def _again(code: str, fields: dict[str, Any]) -> Refused:
    return Refused(code, **fields)
