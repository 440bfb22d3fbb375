"""The looks of a program: colours that can be read by everyone, a logo, and the cards of the tiers."""

from decimal import ROUND_DOWN, Decimal
from typing import Annotated

from pydantic import Field, model_validator

from loyalty.program.values import Id, Part

#: A colour as mail and web know it: #1f3a5f.
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
#: An address of the web; mail shows nothing that is not fetched over https.
Address = Annotated[str, Field(pattern=r"^https://[^\s\"'<>]{4,300}$")]


def contrast(one: str, other: str) -> Decimal:
    """The contrast of two colours, 1 to 21, rounded down to a tenth: WCAG 2.2, relative luminance."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return ((light + Decimal("0.05")) / (dark + Decimal("0.05"))).quantize(Decimal("0.1"), ROUND_DOWN)


def _luminance(colour: str) -> Decimal:
    red, green, blue = (_linear(Decimal(int(colour[n : n + 2], 16)) / 255) for n in (1, 3, 5))
    return Decimal("0.2126") * red + Decimal("0.7152") * green + Decimal("0.0722") * blue


def _linear(part: Decimal) -> Decimal:
    low = part <= Decimal("0.04045")
    return part / Decimal("12.92") if low else ((part + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")


class Colours(Part):
    """A ground and what is written on it, to be read by everyone: the contrast of the two is 4.5 at least."""

    colour: Colour = "#1f2a44"
    """The ground."""
    ink: Colour = "#ffffff"
    """What is written on it."""

    @model_validator(mode="after")
    def _legible(self) -> "Colours":
        found = contrast(self.colour, self.ink)
        if found < Decimal("4.5"):
            raise ValueError(f"found {self.ink} on {self.colour}, a contrast of {found}; allowed: 4.5 or more")
        return self


class Brand(Colours):
    """How the program looks in mail and on pages: the colours of its header and buttons, of lines and bars, of cards."""

    accent: Colour = "#a8793a"
    """Lines and bars of progress: seen on white and on black."""
    logo: Address | None = None
    """An image of the logo on `colour`, 160 by 40 at double the size; its alternative text is the program's name."""
    url: Address | None = None
    """The program's own page."""
    cards: dict[Id, Colours] = Field(default_factory=dict)
    """The card of each tier; the brand's colours for one that is not named."""

    @model_validator(mode="after")
    def _seen(self) -> "Brand":
        found = min(contrast(self.accent, "#ffffff"), contrast(self.accent, "#000000"))
        if found < 3:
            raise ValueError(f"found the accent {self.accent}, a contrast of {found} on white or black; allowed: 3 or more")
        return self
