"""Which pages there are to look at: every address that answers GET with a page, those with a part to fill in by an example."""

from tests.browser.seed import Seeded

#: Pages that are there only where something is set up, or which lead on at once.
ELSEWHERE = {"wallet.apple", "wallet.google"}


def addresses(site: Seeded, token: str = "") -> list[str]:
    """The pages that need nothing filled in, for a sign-in or for nobody: what answers with HTML. One that fails is an error."""
    client = site.app.test_client()
    if token:
        with client.session_transaction() as kept:
            kept["_user_id"], kept["_fresh"] = token, True
    found = []
    for rule in site.app.url_map.iter_rules():
        view = site.app.view_functions[rule.endpoint]
        if "GET" not in (rule.methods or ()) or rule.arguments or rule.endpoint in ELSEWHERE:
            continue
        if token or getattr(view, "open_to_all", False):
            answer = client.get(rule.rule)
            assert answer.status_code < 400, (rule.rule, answer.status_code)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                found.append(rule.rule)
    return sorted(found)
