"""What goes wrong, as pages: the one table from a refusal's code to a status, and a page for each error."""

from flask import Flask, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.web.site import Site

#: Refusals that are not 422: what is not there, and what has changed meanwhile.
STATUS = {"member_exists": 409, "key_reused": 409, "request_moved": 409, "unknown_member": 404, "unknown_request": 404,
          "unknown_service": 404, "unknown_companion": 404, "unknown_case": 404, "case_closed": 409,
          "not_allowed": 403, "no_approver": 403, "own_approval": 403, "own_roles": 403, "member_frozen": 403,
          "step_up_needed": 403, "approval_decided": 409,
          "unknown_draft": 404, "unknown_trial": 404, "trial_under_way": 409, "trial_ended": 409,
          "last_administrator": 409, "staff_exists": 409, "staff_ended": 409,
          "bulk_dropped": 409, "bulk_sent": 409, "bulk_untried": 409,
          "unknown_approval": 404, "unknown_bulk": 404, "unknown_staff": 404, "unknown_message_of": 404}  # fmt: skip
#: What an error is called, and what can be done.
TITLES = {
    400: (_("This could not be read"), _("Please go back, load the page again, and send it once more.")),
    401: (_("Please sign in"), _("This page is for members who are signed in.")),
    403: (_("This is not allowed"), ""),
    404: (_("There is no such page"), _("Perhaps the address is mistyped, or what it showed is no more.")),
    405: (_("There is no such page"), _("Perhaps the address is mistyped, or what it showed is no more.")),
    409: (_("This has changed meanwhile"), _("Please load the page again and look at what it says now.")),
    413: (_("This is too large"), _("Please send less at once.")),
    422: (_("This is not possible"), ""),
    429: (_("Too many attempts"), _("Please wait a few minutes, then try again.")),
    500: (_("Something went wrong here"), _("Nothing was changed. Please try again in a moment.")),
}


def install(app: Flask, site: Site) -> None:
    """Pages for everything that can go wrong."""

    def page(status: int, why: str = "") -> tuple[str, int]:
        title, advice = TITLES.get(status, TITLES[500 if status >= 500 else 400])
        language = site.language
        template = "staff/error.html" if site.for_staff else "error.html"
        return render_template(template, title=language.say(title), why=why or language.say(advice)), status

    @app.errorhandler(Refused)
    def refused(error: Refused) -> tuple[str, int]:
        return page(STATUS.get(error.code, 422), refusal_told(error, site.language))

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> tuple[str, int]:
        return page(400)

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> tuple[str, int] | HTTPException:
        status = error.code or 500
        return error if status < 400 else page(status)

    @app.errorhandler(500)
    def broken(_error: Exception) -> tuple[str, int]:
        return page(500)
