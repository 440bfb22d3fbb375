"""Cross-checks of a ladder's windows and validities: which may stand where, and which go together."""

from collections.abc import Iterator

from loyalty.program.ladder import Counter, LadderFile, Milestone, Path, Stretched, Validity, Window, guarded
from loyalty.program.names import Names
from loyalty.program.reader import Way


def check_windows(ladder: LadderFile, names: Names) -> None:
    """The windows of a ladder, what is counted in them, and how long tiers hold after them."""
    _places(ladder, names)
    for n, stretched in enumerate(ladder.stretched):
        _stretched(stretched, ladder.main, ("stretched", n), names)
    for counter, about in ladder.counters.items():
        _not_overlapping(counter, about, ladder, names)
    for n, _deposit in enumerate(ladder.deposits):
        if ladder.main.personal or ladder.main.overlapping:
            kind = "windows that a change of tier opens" if ladder.main.personal else "overlapping windows"
            names.tell(("deposits", n), f"found {kind}; allowed: deposits where windows are laid one after another")
    for way, validity, windows in _validities(ladder):
        check_validity(validity, windows, way, names)


def _places(ladder: LadderFile, names: Names) -> None:
    """Windows that are tied to a tier have their one place."""
    for way, window in _windows(ladder):
        if window.before_end is not None and way != ("keep_window",):
            names.tell((*way, "before_end"), "allowed: before_end only in keep_window")
        if window.personal and way != ("window",):
            names.tell((*way, "begins"), f"found {window.begins}; allowed: only in the ladder's own window")
    if ladder.keep_window is not None and ladder.keep != "at_end":
        names.tell(("keep_window",), f"found keep: {ladder.keep}; allowed: keep_window only with keep: at_end, which judges it")
    if ladder.main.personal and ladder.keep != "at_end":
        names.tell(
            ("window", "begins"),
            f"found {ladder.main.begins} with keep: {ladder.keep}; allowed: keep: at_end,"
            " for nothing else says when a tier is kept in such a window",
        )


def _windows(ladder: LadderFile) -> Iterator[tuple[Way, Window]]:
    yield ("window",), ladder.main
    if ladder.keep_window is not None:
        yield ("keep_window",), ladder.keep_window
    for name, window in ladder.windows.items():
        yield ("windows", name), window


def _stretched(given: Stretched, main: Window, way: Way, names: Names) -> None:
    if main.personal or main.overlapping:
        names.tell(way, "allowed: stretched only for windows laid one after another")
    if given.through < given.first:
        names.tell((*way, "through"), f"found {given.through}, before from, {given.first}; allowed: that day or later")
    elif not given.first <= given.day <= given.through:
        names.tell((*way, "day"), f"found {given.day}; allowed: a day of the window, {given.first} through {given.through}")


def _not_overlapping(counter: str, about: Counter, ladder: LadderFile, names: Names) -> None:
    """What is taken off or rolled over is of one window: where a day lies in several, there is no telling of which."""
    if not any(window.overlapping for window in counted_in(counter, ladder)):
        return
    for word in ("when_met", "rollover"):
        if getattr(about, word) not in ("keep", None):
            names.tell(
                ("counters", counter, word), f"{counter} is counted in overlapping windows; allowed: windows one after another"
            )


def counted_in(counter: str, ladder: LadderFile) -> Iterator[Window]:
    """The windows in which a counter is counted for tiers: the ladder's own, and those that paths with it name."""
    yield ladder.main
    for tier in ladder.tiers:
        for path in (*tier.reach, *tier.keep):
            long = guarded(path)
            if counter in long.needs and long.window in ladder.windows:
                yield ladder.windows[str(long.window)]


def milestone_paths(ladder: LadderFile) -> Iterator[tuple[Way, Milestone, Path]]:
    """Every path of every milestone, with the way to it."""
    for n, milestone in enumerate(ladder.milestones):
        for p, path in enumerate(milestone.paths):
            yield ("milestones", n, "at", *((p,) if isinstance(milestone.at, tuple) else ())), milestone, path


def window_of(path: Path, ladder: LadderFile) -> Window:
    """The window in which a path to reach, or a milestone, is counted."""
    return ladder.windows.get(guarded(path).window or "", ladder.main)


#: A validity, where it stands, and the windows after which it may run.
Found = tuple[Way, Validity, list[Window]]


def _validities(ladder: LadderFile) -> Iterator[Found]:
    usual = [ladder.main]
    for n, tier in enumerate(ladder.tiers):
        windows = [window_of(path, ladder) for path in (*tier.reach, *tier.keep)]
        if tier.validity is not None:
            yield ("tiers", n, "validity"), tier.validity, windows
        else:
            usual += windows
    yield ("validity",), ladder.validity, usual
    if ladder.keep_validity is not None:
        yield ("keep_validity",), ladder.keep_validity, usual
    yield from _others(ladder)


def _others(ladder: LadderFile) -> Iterator[Found]:
    """Ends of something else than a tier won by a path."""
    if ladder.lapse != "fall_to_earned" and ladder.lapse.validity is not None:
        yield ("lapse", "validity"), ladder.lapse.validity, [ladder.main]
    for n, milestone in enumerate(ladder.milestones):
        gifts: list[tuple[Way, Validity | None]] = [(("gives", g), gift.expires) for g, gift in enumerate(milestone.gives)]
        for option, given in milestone.choice.options.items() if milestone.choice else ():
            gifts += [(("choice", "options", option, g), gift.expires) for g, gift in enumerate(given)]
        for way, expires in gifts:
            if expires is not None:
                yield ("milestones", n, *way, "expires"), expires, [window_of(path, ladder) for path in milestone.paths]
    for n, offer in enumerate(ladder.offers):
        for word, validity in (("trial", offer.trial), ("then", offer.then)):
            if validity is not None:
                yield ("offers", n, word), validity, [ladder.main]


def check_validity(validity: Validity, windows: list[Window], way: Way, names: Names) -> None:
    """A validity that may run after any of some windows."""
    if validity.window_end is not None and any(window.every == "day" for window in windows):
        names.tell((*way, "window_end"), "found windows with every: day, of which there is no next; allowed: another form")
    if validity.from_end is None:
        return
    if way[-1] not in ("validity", "keep_validity") or way[0] == "lapse":
        names.tell((*way, "from_end"), "allowed: from_end in the validity of tiers that are reached, and only there")
    elif any(window.personal for window in windows):
        names.tell((*way, "from_end"), "found windows that a change of tier opens; allowed: no from_end, for it opens one anew")
