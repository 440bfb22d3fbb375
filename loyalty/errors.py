"""The catalogue of refusals: a stable code, one plain sentence, and the fields that explain it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from loyalty.i18n import Language, _

#: code -> sentence. The code is stable for clients; the sentence is for people.
CATALOGUE: Mapping[str, str] = MappingProxyType(
    {
        "activity_before_enrolment": _("The activity is on {on}, before the member enrolled on {enrolled_on}."),
        "activity_after_leaving": _("The activity is on {on}; the member left on {left_on}."),
        "activity_in_future": _("The activity is on {on}, after today, {today}."),
        "already_left": _("Member {number} left on {left_on}."),
        "amount_too_large": _("{unit} {amount} is beyond what the books can hold."),
        "bad_amount": _("{amount!r} is not an amount of {unit}: {allowed}."),
        "bad_units": _("Class {class_}: found {found} units; allowed: a whole number, 0 or more."),
        "bad_zone": _("There is no time zone {zone}; allowed: an IANA name such as Europe/Paris."),
        "bad_field": _("Field {field}: found {found}; allowed: {allowed}.{nearest}"),
        "bad_mapping": _("The mapping cannot be used: {why}"),
        "bad_upload": _("{file}: {why}; allowed: {allowed}.{nearest}"),
        "bad_webhook_url": _("This address cannot be told: {why}."),
        "bad_plan": _("The plan cannot be used: {why}"),
        "bulk_dropped": _("Bulk {bulk} was dropped."),
        "bulk_sent": _("Bulk {bulk} was sent already."),
        "bulk_untried": _("Bulk {bulk} has not been tried yet: the job bulk does that."),
        "case_closed": _("Case {key!r} is closed."),
        "chain_of_sharing": _("Member {number} has {tier} from a companion and cannot pass it on."),
        "companion_ended": _("The companion {key} ended on {on}."),
        "companion_self": _("Member {number} cannot be their own companion."),
        "database_behind": _("The database is at {found}, this program needs {expected}: run `loyalty db upgrade`."),
        "edition_changed": _(
            "Edition {edition} of {program} has been published and is not the same any more: "
            "put the published files back, or state the change as a new edition."
        ),
        "draft_too_early": _(
            "The draft would begin on {begins}; the first published edition of {program} begins on {first}. "
            "Allowed: that day or later."
        ),
        "draft_without_day": _("The folder {folder} is not named by a day, YYYY-MM-DD: say from which day its rules hold."),
        "draft_invalid": _("Draft {draft} cannot be used any more: {count} problems, the first: {first}"),
        "draft_not_tried": _("Draft {draft} is first to be tried from {begins} on, against what is published now."),
        "edition_day_taken": _("An edition from {begins} is published already. Allowed: another day."),
        "edition_too_early": _(
            "The edition would begin on {begins}. Allowed: {first} or later, so that every process knows it before."
        ),
        "edition_published": _("Edition {edition} of {program} is published already, as it is."),
        "edition_missing": _("No edition of {program} is in force on {on}; the first begins on {first}."),
        "household_full": _("A household has at most {most} members, invitations included."),
        "household_head": _("Only the head of a household invites and removes."),
        "household_had": _("Member {number} is in a household already."),
        "household_no_invitation": _("There is no open invitation to this household."),
        "household_no_member": _("There is no member with this number and this name."),
        "household_self": _("This is your own number."),
        "job_off": _("The job {job} is off. Allowed: a cron line for it in the settings, or to run it now (--now)."),
        "entitlement_ended": _("{what} of member {number} was good through {last}, not on {on}."),
        "extension_not_later": _("The entitlement is good through {last} already; {through} is no later day."),
        "grant_from_past": _("A grant may begin today, {today}, or later; not on {begins}."),
        "key_reused": _("Key {key!r} of {source!r} has been used for another input."),
        "last_administrator": _("{name} is the last who may change who is staff."),
        "member_exists": _("Member {number} exists already, with other data."),
        "member_frozen": _("Member {number} is frozen: staff must lift that first."),
        "missing_field": _("Field {field} is missing; allowed: {allowed}."),
        "no_config": _("Nothing is found at {path}."),
        "no_snapshot": _("No day has been kept yet: the job snapshot does so daily, or `loyalty run snapshot --now`."),
        "not_invitation_tier": _("Tier {tier} is not by invitation."),
        "nothing_to_choose": _("Member {number} has no open choice of {milestone}."),
        "nothing_to_revoke": _("There is nothing to revoke: {what}."),
        "provider_silent": _("The identity provider does not answer as it should ({why}). Sign in by password, or later."),
        "provider_wrong": _("The answer of the identity provider is not taken ({why}). Begin again."),
        "other_program": _("The database belongs to program {found}, the settings name {expected}."),
        "no_group": _("{name} has no group of the identity provider that gives a role here."),
        "not_held": _("Member {number} has no {what} for {on}."),
        "not_yet": _("{what} of member {number} is good from {begins}, not on {on}."),
        "nothing_left": _(
            "Member {number} has {left} of {what} left for {on}, not {amount}: {taken} of {quota} are used or held."
        ),
        "nothing_to_return": _("Nothing of member {number} was used under {key!r} that could come back{why}."),
        "not_allowed": _("Your roles do not allow this: {act}."),
        "no_approver": _("Your roles do not let you decide on this: {act}."),
        "option_not_for": _("The option {option} is for {allowed}; member {number} has held {tier} at best."),
        "option_picked": _("Member {number} has picked {option} for the period from {first} already."),
        "offer_had": _("Member {number} had the offer {offer} already: {again}."),
        "offer_not_for": _("The offer {offer} is not for {what}; allowed: {allowed}."),
        "request_ended": _("Request {key!r} is {state} already."),
        "request_moved": _("Request {key!r} has just gone over to another service: send it again."),
        "request_not_given": _("Request {key!r} is {state}: nothing was given."),
        "own_approval": _("Nobody decides on what they asked for themselves."),
        "own_roles": _("Nobody changes their own roles."),
        "secret_not_set": _(
            "Pages cannot be served: LOYALTY_SECRET is not set. Allowed: at least 32 characters, no spaces, "
            'such as `python -c "import secrets; print(secrets.token_urlsafe(48))"` prints.'
        ),
        "reason_missing": _("Say why: the reason is kept with what is done."),
        "approval_decided": _("This is {state} already."),
        "service_ended": _("Service {key!r} is {state}."),
        "pick_too_early": _("A pick for the period from {first} may be made from {opens} on, in the period before it."),
        "pick_too_late": _("The choice {choice} for the period from {first} could be made through {last}."),
        "rewards_without_end": _("What member {number} is given meets again and again what gives it."),
        "sharing_changed": _("Member {number} has named {companion} for {year}; another may be named for a later year."),
        "sharing_not_held": _("Member {number} has no lifetime tier that may be shared by {sharing}; allowed: {allowed}."),
        "staff_ended": _("{name} is not staff any more."),
        "staff_exists": _("{name} is staff already, or was."),
        "step_up_needed": _("This takes a fresh second step: enter a code again."),
        "tier_not_extended": _("Tier {tier} of member {number} holds through {last} already; {through} is no later day."),
        "sso_missing": _("An identity provider is set, but what signing in by one takes is not installed: loyalty[sso]."),
        "tier_for_ever": _("Tier {tier} of member {number} has no end that could be put off."),
        "span_backwards": _("The span ends on {until}, not after it begins on {begins}."),
        "too_many_companions": _("Member {number} shares with {companion} through {last}: at most {most} at a time."),
        "too_many_picks": _("Member {number} has picked {count} for the period from {first}; no tier picks more."),
        "trial_ended": _("Trial {trial} is {state} already."),
        "trial_under_way": _("Trial {trial} is under way: one at a time. Allowed: to wait for its end, or to stop it."),
        "unknown_act": _("There is no act {act}; allowed: {allowed}.{nearest}"),
        "unknown_approval": _("There is no request for approval {approval}."),
        "unknown_bulk": _("There is no bulk {bulk}."),
        "unknown_message_of": _("The member has no message {message}."),
        "unknown_role": _("There is no role {role}; allowed: {allowed}.{nearest}"),
        "unknown_staff": _("There is no staff {name}."),
        "unknown_contact": _("The member has no contact {contact}."),
        "unknown_competitor": _("Nothing is known of the member under {competitor} of other programs."),
        "unknown_case": _("Member {number} has no case with key {key!r}."),
        "unknown_class": _("Service {key!r} has no class {class_}; allowed: {allowed}.{nearest}"),
        "unknown_choice": _("There is no choice {choice}; allowed: {allowed}.{nearest}"),
        "unknown_companion": _("Member {number} has named no companion under {key!r}."),
        "mail_not_set": _("Mail cannot be sent: {what}."),
        "unknown_activity": _("Member {number} has no activity with key {key!r} of {source!r}."),
        "unknown_draft": _("There is no draft {draft}."),
        "unknown_trial": _("There is no trial {trial}."),
        "unknown_consent": _("There is no consent {consent}; allowed: {allowed}.{nearest}"),
        "unknown_edition": _("There is no edition {edition} of {program}; allowed: {allowed}, or a folder.{nearest}"),
        "unknown_entitlement": _("There is no instrument or quota {what}; allowed: {allowed}.{nearest}"),
        "unknown_field": _("Field {field} is unknown; allowed: {allowed}.{nearest}"),
        "unknown_job": _("There is no job {job}; there are: {allowed}.{nearest}"),
        "unknown_kind": _("There is no activity kind {kind}; allowed: {allowed}.{nearest}"),
        "unknown_language": _("The language {language} is not the program's; allowed: {allowed}.{nearest}"),
        "consent_not_refusable": _("Messages of {consent} belong to the membership and cannot be refused."),
        "unknown_message": _("There is no message {message}."),
        "unknown_mapping": _("There is no import mapping {name}; there are: {allowed}.{nearest}"),
        "unknown_member": _("There is no member {number}."),
        "unknown_program": _("There is no program {program}; there are: {allowed}.{nearest}"),
        "unknown_offer": _("The offer {offer} is unknown; allowed: {allowed}.{nearest}"),
        "unknown_option": _("The option {option} is unknown; allowed: {allowed}.{nearest}"),
        "unknown_request": _("Member {number} has no request with key {key!r} of {source!r}."),
        "unknown_request_kind": _("There is no kind of request {kind}; allowed: {allowed}.{nearest}"),
        "unknown_service": _("There is no {kind} {key!r}."),
        "unknown_service_kind": _("There is no kind of service {kind}; allowed: {allowed}.{nearest}"),
        "unknown_right": _("Member {number} has no entitlement {right}."),
        "unknown_sharing": _("There is no sharing {sharing}; allowed: {allowed}.{nearest}"),
        "unknown_template": _("There are no templates of a message {kind}; allowed: {allowed}.{nearest}"),
        "unknown_tier": _("There is no tier {tier}; allowed: {allowed}.{nearest}"),
        "unknown_unit": _("There is no unit {unit}; allowed: {allowed}.{nearest}"),
        "units_taken": _("Class {class_}: {taken} units are given out; {units} would be fewer."),
        "unknown_delivery": _("There is no delivery {delivery!r}."),
        "unknown_webhook": _("There is no endpoint {endpoint} of webhooks, or it was removed."),
        "unknown_webhook_type": _("There is no type {type} of event; allowed: {allowed}.{nearest}"),
        "webhook_exists": _("Endpoint {endpoint} has this address already."),
        "waiver_not_offered": _("This program waives nothing."),
        "waiver_too_large": _("{unit} is {short} short of tier {tier}; at most {within} may be waived."),
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


def refusal_told(refused: Refused, language: Language) -> str:
    """The sentence of a refusal in a language, its figures told in it too."""
    return language.say(CATALOGUE[refused.code], **{name: language.told(value) for name, value in refused.fields.items()})


def _again(code: str, fields: dict[str, Any]) -> Refused:
    return Refused(code, **fields)


def require_text(name: str, value: str, longest: int) -> None:
    """Make sure that a text is there, and no longer than it may be. Raises Refused: `bad_field`."""
    if not value.strip() or len(value) > longest or "\0" in value:
        raise Refused("bad_field", field=name, found=repr(value[:50]), allowed=f"1 to {longest} characters", nearest="")
