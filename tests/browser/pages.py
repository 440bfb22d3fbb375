"""Which pages there are to look at: every address that answers GET with a page, those with a part to fill in by an example."""

from tests.browser.seed import Seeded

#: Addresses that answer with something else than a page, or need a link that works once.
NO_PAGES = {"looks.file", "looks.brand", "looks.icon", "unsubscribe.ask"}


def addresses(site: Seeded, member: bool) -> list[str]:
    """The pages for a member who is signed in, or those that are open to all."""
    found = []
    for rule in site.app.url_map.iter_rules():
        view = site.app.view_functions[rule.endpoint]
        if "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGES:
            continue
        if not rule.arguments and (member or getattr(view, "open_to_all", False)):
            found.append(rule.rule)
    return sorted(found)
