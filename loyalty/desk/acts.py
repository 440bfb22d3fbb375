"""The acts of staff on a member: what each takes, its size against limits, and how it is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from loyalty.access.acts import ACTS as KNOWN
from loyalty.desk import caring, doing, inputs
from loyalty.desk.doing import Do
from loyalty.desk.effect import FORGOTTEN, State, beside_request
from loyalty.desk.inputs import Input
from loyalty.errors import Refused
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.status.queries import Account

#: The size of an input: (program, input, the day) -> whole number.
Size = Callable[[Program, Any, date], int]


def _one(_program: Program, _input: Any, _today: date) -> int:
    return 1


def _amount(_program: Program, wanted: Any, _today: date) -> int:
    return int(Decimal(abs(wanted.amount)).to_integral_value(ROUND_CEILING))


def _rank(program: Program, wanted: Any, _today: date) -> int:
    """The place of the tier; that of one that there is not is the highest, for the operation to refuse."""
    return next((rank for rank, tier in enumerate(program.tiers) if tier == wanted.tier), len(program.tiers))


def _days(_program: Program, wanted: Any, today: date) -> int:
    return max(int((wanted.through - today).days), 0)


def _nothing(_session: Session, _account: Account, _input: Any) -> State:
    return {}


def _nobody(_session: Session, _account: Account, _input: Any) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Act:
    """An act on a member. `about` tells the numbers of other members that it is about, who are locked and settled too;
    `beside` the state of what is not the member's and may change by it, which a preview shows and no line keeps.

    `hides` are parts of its effect that the log is not to keep: what is deleted for good.
    """

    name: str
    shape: type[Input]
    do: Do
    size: Size = _one
    about: Callable[[Session, Account, Any], Sequence[str]] = _nobody
    beside: Callable[[Session, Account, Any], State] = _nothing
    hides: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """What pages call it, in English, marked for translation."""
        return KNOWN[self.name].label


_ALL = (
    Act("activity.post", inputs.ActivityInput, doing.post),
    Act("activity.reverse", inputs.ReverseInput, doing.reverse_activity),
    Act("activity.correct", inputs.CorrectInput, doing.correct_activity),
    Act("points.adjust", inputs.AdjustInput, doing.adjust, _amount),
    Act("benefit.grant", inputs.GrantBenefitInput, doing.grant_benefit, _amount),
    Act("benefit.extend", inputs.ExtendBenefitInput, doing.extend_benefit),
    Act("benefit.use", inputs.UseInput, doing.use_benefit, _amount),
    Act("benefit.return", inputs.ReturnInput, doing.return_benefit),
    Act("benefit.revoke", inputs.RightInput, doing.revoke_benefit),
    Act("benefit.pick", inputs.PickInput, doing.pick),
    Act("benefit.share", inputs.ShareInput, doing.share_status, about=doing.shared_with),
    Act("companion.name", inputs.CompanionInput, doing.name_companion),
    Act("companion.end", inputs.EndCompanionInput, doing.end_companion, about=doing.companions_number),
    Act("tier.grant", inputs.GrantTierInput, doing.grant_tier, _rank),
    Act("tier.offer", inputs.OfferInput, doing.offer_tier, _rank),
    Act("tier.extend", inputs.ExtendTierInput, doing.extend_tier, _days),
    Act("tier.revoke", inputs.RevokeTierInput, doing.revoke_tier),
    Act("tier.waive", inputs.WaiveInput, doing.waive, _rank),
    Act("milestone.choose", inputs.ChooseInput, doing.choose),
    Act("member.change", inputs.ProfileInput, doing.change_profile),
    Act("member.attributes", inputs.AttributesInput, doing.change_attributes_),
    Act("member.freeze", inputs.NothingInput, doing.freeze),
    Act("member.unfreeze", inputs.NothingInput, doing.unfreeze),
    Act("member.leave", inputs.LeaveInput, doing.leave, hides=FORGOTTEN),
    Act("message.resend", inputs.ResendInput, doing.resend),
    Act("note.add", inputs.NoteInput, doing.add_note),
    Act("file.change", inputs.FileInput, caring.change_file),
    Act("file.review", inputs.NothingInput, caring.review_file),
    Act("manager.assign", inputs.ManagerInput, caring.assign_manager),
    Act("contact.set", inputs.ContactInput, caring.set_contact),
    Act("contact.remove", inputs.RemoveContactInput, caring.remove_contact),
    Act("competitor.set", inputs.CompetitorInput, caring.set_competitor),
    Act("competitor.remove", inputs.RemoveCompetitorInput, caring.remove_competitor),
    Act("case.answer", inputs.AnswerInput, caring.answer_case),
    Act("case.close", inputs.CloseCaseInput, caring.close_case),
    Act("request.cancel", inputs.RequestInput, doing.on_request("cancel"), beside=beside_request),
    Act("request.skip", inputs.RequestInput, doing.on_request("skip"), beside=beside_request),
    Act("request.unskip", inputs.RequestInput, doing.on_request("unskip"), beside=beside_request),
    Act("request.give_back", inputs.GiveBackInput, doing.on_request("give_back"), beside=beside_request),
)
#: Act by name.
ACTS: Mapping[str, Act] = MappingProxyType({act.name: act for act in _ALL})


def act_named(name: str) -> Act:
    """An act by name. Raises Refused: `unknown_act`."""
    if name not in ACTS:
        raise Refused("unknown_act", act=name, allowed=listed(ACTS), nearest=nearest(name, ACTS))
    return ACTS[name]
