"""What a member has and does with it: options picked, instruments used, companions named; and the chart of all tiers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from loyalty.benefits import picking, sharing, using
from loyalty.benefits.instruments import used_alone
from loyalty.benefits.periods import choice_in
from loyalty.benefits.tables import Companion
from loyalty.benefits.told import ToPick, With, benefits_of
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import Named, _
from loyalty.keys import digest
from loyalty.settle import settle
from loyalty.status import rewards
from loyalty.status.queries import Account, lock_numbers
from loyalty.web.guarding import NUMBER, limiter, open_to_all
from loyalty.web.portal.chart import comparison
from loyalty.web.portal.having import having, most_companions, options_named
from loyalty.web.site import back, form, fresh_key, here, tell

pages = Blueprint("benefits", __name__)

Page = str | tuple[str, int] | Response
#: Why something was done, where the member did it.
REASON = "by the member"


@pages.get("/program/benefits")
@open_to_all
def chart() -> str:
    """The tiers side by side; with `tier` one of them by itself, with `tier=all` side by side on small screens too."""
    site, tier = here(), request.args.get("tier", "")
    mine = site.account.tier if site.signed_in else None
    told = comparison(site.edition, mine, tier, site.language)
    alone = any(column.tier == tier for column in told.columns)
    return render_template("chart.html", chart=told, shown="one" if alone else "all" if tier == "all" else "fitting")


@pages.get("/benefits")
def benefits() -> str:
    return _page()


def _page() -> str:
    site = here()

    def named(choice: ToPick, picked: Sequence[str]) -> str:
        return options_named(choice, picked, site.language)

    return render_template("benefits.html", mine=having(site), named=named, fresh_key=fresh_key, number_of=_number_of,
                           given=request.form)  # fmt: skip


def _number_of(companion: With) -> int:
    return digest("companion", companion.key)


def _refused(error: Refused) -> Page:
    """The page again, with why something was refused; what was typed is kept."""
    if error.code.startswith("unknown_") and error.code != "unknown_member":
        raise error
    tell(refusal_told(error, here().language), "refused")
    return _page(), 422


def _author() -> str:
    return f"member {here().viewer.number}"


def _act(act: Callable[[Session, Account], object]) -> None:
    """Do something with the settled account of the member, and settle what follows."""
    site = here()
    with site.writing() as session:
        settle(session, site.program, [site.locked(session)], site.now)
        account = site.locked(session)
        act(session, account)
        settle(session, site.program, [account], site.now)


# --- choices ----------------------------------------------------------------------------------------------------


@pages.post("/benefits/pick")
def pick() -> Page:
    """Pick an option of an open choice: of a tier, or of a milestone."""
    site = here()
    choice, option, key, day = form("choice"), form("option"), form("key", 100), _day(form("period"))
    tier = picking.Pick(choice, option, _author(), REASON, key, day)
    milestone = rewards.Pick(choice, option, _author(), REASON, key, day)
    if not key or not option:
        tell(site.language.say(_("Please mark one of the options.")), "refused")
        return _page(), 422
    try:
        if form("kind") == "milestone":
            _act(lambda session, account: rewards.choose(session, site.program, account, milestone, site.now))
        else:
            _act(lambda session, account: _pick_now(session, account, tier))
    except Refused as error:
        return _refused(error)
    return back("benefits.benefits", site.language.say(_("Your choice is noted.")))


def _pick_now(session: Session, account: Account, wanted: picking.Pick) -> None:
    """Pick what is open now: a form sent again under another key is no pick ahead, for a tier that is not reached yet."""
    site = here()
    told = benefits_of(session, site.program, account, site.today, site.language.code)
    open_now = any(one.picks and (one.choice, one.first) == (wanted.choice, wanted.period_of) for one in told.choices)
    if picking.pick(session, site.program, account, wanted, site.now) and not open_now:
        choice = choice_in(site.edition, wanted.choice)
        named = Named(wanted.choice, choice.name if choice else None)
        raise Refused("nothing_to_choose", number=account.number, milestone=named)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# --- instruments ------------------------------------------------------------------------------------------------


@pages.get("/benefits/use/<what>")
def use(what: str) -> str:
    """Asks whether one is to be used."""
    one = next((one for one in having(here()).left if one.right.what == what and one.usable), None)
    return render_template("use.html", one=one or abort(404), key=fresh_key())


@pages.post("/benefits/use/<what>")
def use_it(what: str) -> Page:
    """Use one of what may be used without a service."""
    site = here()
    wanted = using.Use(what, _author(), REASON, form("key", 100) or abort(400))
    if what not in used_alone(site.edition):
        abort(404)
    try:
        _act(lambda session, account: using.use(session, site.program, account, wanted, site.now))
    except Refused as error:
        return _refused(error)
    return back("benefits.benefits", site.language.say(_("One was used. Please show this page where it is asked for.")))


# --- companions -------------------------------------------------------------------------------------------------


@pages.post("/benefits/companions")
def name_companion() -> Page:
    """Name a companion for benefits, from today on."""
    site = here()
    wanted = sharing.Named(form("name", 200), _author(), REASON, form("key", 100), site.today, None, form("number", 40) or None)
    if not wanted.name or not wanted.key:
        tell(site.language.say(_("Please tell the name of your companion.")), "refused")
        return _page(), 422
    try:
        _act(lambda session, account: _name(session, account, wanted))
    except _TooMany:
        tell(site.language.say(_("You have named as many companions as your tier allows.")), "refused")
        return _page(), 422
    except Refused as error:
        return _refused(error)
    return back("benefits.benefits", site.language.say(_("{name} is named as your companion."), name=wanted.name))


class _TooMany(Exception):
    """More companions than the tier's benefits say."""


def _name(session: Session, account: Account, wanted: sharing.Named) -> None:
    site = here()
    fresh = sharing.name_companion(session, site.program, account, wanted, site.now)
    if fresh and sharing.named_on(session, account, site.today) > most_companions(site.edition, account.tier):
        raise _TooMany


@pages.post("/benefits/share")
@limiter.limit("60 per hour")
def share() -> Page:
    """Share the status with a companion, by member number."""
    site, number = here(), form("number", 40)
    wanted = sharing.Shared(form("sharing", 40), site.today, _author(), REASON, form("key", 100))
    try:
        with site.writing() as session:
            pair = _pair(session, number)
            settle(session, site.program, list(pair.values()), site.now)
            pair = _pair(session, number)
            mine, other = pair[site.viewer.number], pair[number]
            sharing.share(session, site.program, mine, other, wanted, site.now)
            settle(session, site.program, [other], site.now)
    except Refused as error:
        return _refused(error)
    return back("benefits.benefits", site.language.say(_("Your status is shared with member {number}."), number=number))


def _pair(session: Session, number: str) -> dict[str, Account]:
    pair = lock_numbers(session, [here().viewer.number, number])
    if number not in pair:
        raise Refused("unknown_member", number=number)
    return pair


@pages.get(f"/benefits/companions/<{NUMBER}:companion>/end")
def end(companion: int) -> str:
    """Asks whether a companion is to be ended."""
    row = _companion(here().reading, companion)
    return render_template("end_companion.html", companion=row)


@pages.post(f"/benefits/companions/<{NUMBER}:companion>/end")
def end_it(companion: int) -> Page:
    """End a companion today, with the status that was shared."""
    site = here()
    row = _companion(site.reading, companion)
    shared_with = [row.number] if row.sharing is not None and row.number is not None else []
    wanted = sharing.Ended(row.key, _author(), REASON)
    try:
        with site.writing() as session:
            pair = lock_numbers(session, [site.viewer.number, *shared_with])
            other = pair.get(shared_with[0]) if shared_with else None
            sharing.end_companion(session, site.program, pair[site.viewer.number], other, wanted, site.now)
            settle(session, site.program, [other] if other else [], site.now)
    except Refused as error:
        return _refused(error)
    return back("benefits.benefits", site.language.say(_("The companion is ended.")))


@dataclass(frozen=True)
class _Named:
    key: str
    name: str
    number: str | None
    sharing: str | None


def _companion(session: Session, companion: int) -> _Named:
    row = session.get(Companion, (here().viewer.member_id, companion)) or abort(404)
    return _Named(row.key, row.name, row.number, row.sharing)
