"""What messages are called on pages of staff: kinds, what they differ by, states; and how many of each were sent lately."""

from collections.abc import Iterable, Mapping
from typing import Any

from loyalty.i18n import Language, _
from loyalty.web.portal.asked import STATES as REQUESTS

#: What the kinds that travel with the engine are called.
KINDS = {
    "activity": _("Activity posted"), "anniversary": _("Anniversary"), "birthday": _("Birthday"),
    "choice": _("A choice to make"), "choosing": _("Reminder of a choice"), "ending": _("Tier about to end"),
    "farewell": _("Farewell"), "kept": _("Tier kept"), "lapsed": _("Tier lowered"), "link": _("Letter with a link"),
    "milestone": _("Milestone reached"), "near": _("Next tier near"), "promoted": _("Tier raised"), "request": _("Request"),
    "security": _("Security"), "shortened": _("Tier shortened"), "statement": _("Monthly statement"),
    "survey": _("Question to the member"), "welcome": _("Welcome"),
}  # fmt: skip
#: What the facts of a kind differ by.
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "request": {state: words for state, (words, _lit) in REQUESTS.items()},
    "security": {
        "signed_in": _("a new sign-in"), "password": _("the password was changed"), "email": _("the address was changed"),
        "second_step": _("the second step was changed"), "passkey": _("passkeys were changed"),
        "locked": _("locked after failures"), "other": _("anything else"),
    },
    "link": {
        "sign_in": _("to sign in"), "known": _("to join, for who is a member"), "renew": _("for a new password"),
        "join": _("to join"), "unknown": _("to sign in, for who is no member"),
        "email_old": _("a new address, to the old one"), "email_new": _("a new address, to the new one"),
    },
}  # fmt: skip
#: What the states of a message are called, and how they are lit.
STATES = {
    "waiting": (_("waiting"), ""), "sending": (_("waiting"), ""), "sent": (_("sent"), "good"), "failed": (_("failed"), "bad"),
    "dropped": (_("not sent"), "bad"),
}  # fmt: skip
#: What stops a message before it is sent, as the outbox writes it down.
WHYS = (_("the member has withdrawn consent"), _("nothing is sent to this address any more"))


def kind_told(kind: str, language: Language) -> str:
    """What a kind is called; one that the program added by its name."""
    return language.say(KINDS[kind]) if kind in KINDS else kind.replace("_", " ")


def variant_told(source: str | None, variant: str, language: Language) -> str:
    """What sets a message of a kind apart from others of it; nothing where nothing does."""
    words = VARIANTS.get(source or "", {}).get(variant)
    return language.say(words) if words else variant.replace("_", " ")


def state_told(state: str, language: Language) -> tuple[str, str]:
    """A state in words, and how it is lit."""
    words, lit = STATES[state]
    return language.say(words), lit


def sums(rows: Iterable[Any], language: Language) -> list[dict[str, Any]]:
    """Messages of each kind by state, from (kind, state, messages, bounced); those of most first."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row.kind, {"kind": row.kind, "label": kind_told(row.kind, language), "bounced": 0, "all": 0,
                                          **dict.fromkeys(STATES, 0)})  # fmt: skip
        one[row.state] += row.messages
        one["bounced"] += row.bounced
        one["all"] += row.messages
    return sorted(found.values(), key=lambda one: (-one["all"], one["kind"]))
