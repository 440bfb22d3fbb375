"""Going through pages by keyboard alone: where the focus is, whether it is seen, and whether it gets everywhere."""

from typing import Any

from playwright.sync_api import Page

#: What has the focus: what it is called; whether it is marked; whether what is in the window of it is not covered by something.
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  (window.reached ??= new Set()).add(one);
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
  const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
  const there = right > left && bottom > top ? document.elementFromPoint((left + right) / 2, (top + bottom) / 2) : null;
  return {
    name: (one.labels?.[0] ?? one).textContent.trim().replace(/\\s+/g, " ") || one.name || one.tagName,
    html: one.outerHTML.slice(0, 120),
    marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    open: there !== null && (one.contains(there) || there.contains(one)),
  };
}"""
#: What can be reached and was not: of radio buttons of one name, any will do.
MISSED = """() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
  .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0 && !reached.has(one)
    && !(one.type === "radio" && [...reached].some((other) => other.type === "radio" && other.name === one.name)))
  .map((one) => one.outerHTML.slice(0, 120))"""
MOST = 400


def focus(page: Page) -> dict[str, Any] | None:
    """What has the focus; none where nothing has."""
    found: dict[str, Any] | None = page.evaluate(FOCUS)
    return found


def tab(page: Page) -> dict[str, Any] | None:
    """One step on; what has the focus then, which must be seen to have it."""
    page.keyboard.press("Tab")
    found = focus(page)
    assert found is None or (found["marked"] and found["open"]), (page.url, found)
    return found


def tab_to(page: Page, name: str) -> None:
    """Steps on to what begins with some words."""
    seen = []
    for _ in range(MOST):
        found = tab(page)
        if found and found["name"].startswith(name):
            return
        seen.append(found and found["name"])
    raise AssertionError(f"{name} is not reached: {seen[:60]}")


def walk(page: Page) -> None:
    """Steps through a page from its top to its end and out of it; fails where something is left out or the focus is trapped."""
    first = tab(page)
    assert first is not None and "#main" in first["html"], first
    for _ in range(MOST):
        found = tab(page)
        if found is None or found["html"] == first["html"]:
            break
    else:
        raise AssertionError(f"there is no end to {page.url}")
    assert page.evaluate(MISSED) == [], page.url
