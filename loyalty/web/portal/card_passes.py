"""The membership card for the wallets of telephones: a signed pass for Apple's, a signed link for Google's. Knows no Flask."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from joserfc import jwt
from joserfc.jwk import RSAKey

from loyalty.i18n import Language, _
from loyalty.program.brand import Colours
from loyalty.settings import Settings
from loyalty.web.png import icon_drawn, rgb

#: Images that a pass may carry.
IMAGES = tuple(f"{name}{scale}.png" for name in ("icon", "logo", "strip", "thumbnail") for scale in ("", "@2x", "@3x"))
#: The icon drawn where there is none: its sizes in pixels.
ICONS = {"icon.png": 29, "icon@2x.png": 58, "icon@3x.png": 87}
SAVE = "https://pay.google.com/gp/v/save/"


@dataclass(frozen=True)
class Card:
    """What stands on a card: texts in the member's language. `points` are name and balance of each spendable unit."""

    program: str
    number: str
    name: str
    tier: str
    through: date | None
    points: Sequence[tuple[str, Decimal]]
    colours: Colours
    accent: str


def apple_offered(settings: Settings) -> bool:
    """Whether passes can be signed."""
    names = ("certificate", "key", "wwdr", "team", "pass_type")
    return all(getattr(settings, f"wallet_apple_{name}") for name in names)


def google_offered(settings: Settings) -> bool:
    """Whether links can be signed."""
    return all(getattr(settings, f"wallet_google_{name}") for name in ("issuer", "class", "key"))


# --- Apple ------------------------------------------------------------------------------------------------------


def apple_pass(card: Card, settings: Settings, language: Language, at: datetime) -> bytes:
    """The .pkpass: pass.json, its images, the manifest of their digests, and the manifest's signature.

    Raises OSError and ValueError where the files of the settings cannot be read.
    """
    files = {"pass.json": _json(_store_card(card, settings, language)), **_images(card, settings)}
    # the format asks for SHA-1 of each file; what is signed is signed with SHA-256
    digests = {name: hashlib.sha1(data, usedforsecurity=False).hexdigest() for name, data in files.items()}
    files["manifest.json"] = _json(digests)
    files["signature"] = _signature(files["manifest.json"], settings)
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(ZipInfo(name, at.timetuple()[:6]), data)
    return made.getvalue()


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _store_card(card: Card, settings: Settings, language: Language) -> dict[str, Any]:
    """The description of a pass: a store card in the colours of the tier, with the number as a QR code."""
    ink = _colour(card.colours.ink)
    points = [_field(f"points{n}", name, language.number(amount)) for n, (name, amount) in enumerate(card.points)]
    back = [_field("number", language.say(_("Member number")), card.number), *points[1:]]
    barcode = {"format": "PKBarcodeFormatQR", "message": card.number, "messageEncoding": "utf-8", "altText": card.number}
    through = [_field("through", language.say(_("Valid through")), language.day(card.through))] if card.through else []
    return {
        "formatVersion": 1, "passTypeIdentifier": settings.wallet_apple_pass_type, "serialNumber": card.number,
        "teamIdentifier": settings.wallet_apple_team, "organizationName": card.program, "logoText": card.program,
        "description": language.say(_("Membership card of {program}"), program=card.program), "barcodes": [barcode],
        "backgroundColor": _colour(card.colours.colour), "foregroundColor": ink, "labelColor": ink,
        "storeCard": {
            "headerFields": [_field("tier", language.say(_("Tier")), card.tier)],
            "primaryFields": [_field("name", language.say(_("Member")), card.name or card.number)],
            "secondaryFields": [*points[:1], *through],
            "backFields": back,
        },
    }  # fmt: skip


def _field(key: str, label: str, value: str) -> dict[str, str]:
    return {"key": key, "label": label, "value": value}


def _colour(colour: str) -> str:
    return "rgb({}, {}, {})".format(*rgb(colour))


def _images(card: Card, settings: Settings) -> dict[str, bytes]:
    """The images of the folder of the settings; where it has no icon, which every pass must have, one is drawn."""
    folder = Path(settings.wallet_images) if settings.wallet_images else None
    found = {name: (folder / name).read_bytes() for name in IMAGES if (folder / name).is_file()} if folder else {}
    drawn = {name: icon_drawn(size, card.colours.colour, card.accent) for name, size in ICONS.items()}
    return found if "icon.png" in found else {**drawn, **found}


def _signature(manifest: bytes, settings: Settings) -> bytes:
    """The detached signature of a manifest, with the operator's certificate and the one above it."""
    certificate, above = (
        x509.load_pem_x509_certificate(Path(path).read_bytes())
        for path in (settings.wallet_apple_certificate, settings.wallet_apple_wwdr)
    )
    key: Any = serialization.load_pem_private_key(Path(settings.wallet_apple_key).read_bytes(), None)
    builder = PKCS7SignatureBuilder().set_data(manifest).add_signer(certificate, key, hashes.SHA256())
    options = [PKCS7Options.DetachedSignature, PKCS7Options.Binary]
    return builder.add_certificate(above).sign(serialization.Encoding.DER, options)


# --- Google -----------------------------------------------------------------------------------------------------


def google_link(card: Card, settings: Settings, language: Language, at: datetime) -> str:
    """The address that saves the card: a token signed by the service account, which carries the whole card.

    Raises OSError, ValueError and KeyError where the key file of the settings cannot be read.
    """
    account = json.loads(Path(settings.wallet_google_key).read_text(encoding="utf-8"))
    claims = {
        "iss": account["client_email"], "aud": "google", "typ": "savetowallet", "iat": int(at.timestamp()),
        "origins": [settings.web_address] if settings.web_address else [],
        "payload": {"loyaltyObjects": [_loyalty_object(card, settings, language)]},
    }  # fmt: skip
    key = RSAKey.import_key(account["private_key"])
    return SAVE + jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, key, algorithms=["RS256"])


def _loyalty_object(card: Card, settings: Settings, language: Language) -> dict[str, Any]:
    """A card as Google has it: of a class that the operator has made there."""
    issuer = settings.wallet_google_issuer
    name = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "_" for one in card.number)
    texts = [{"id": "tier", "header": language.say(_("Tier")), "body": card.tier}]
    if card.through:
        texts.append({"id": "through", "header": language.say(_("Valid through")), "body": language.day(card.through)})
    told = {
        "id": f"{issuer}.{name}", "classId": f"{issuer}.{settings.wallet_google_class}", "state": "ACTIVE",
        "accountId": card.number, "accountName": card.name or card.number, "textModulesData": texts,
        "barcode": {"type": "QR_CODE", "value": card.number, "alternateText": card.number},
        "hexBackgroundColor": card.colours.colour,
    }  # fmt: skip
    if card.points:
        unit, amount = card.points[0]
        told["loyaltyPoints"] = {"label": unit, "balance": {"string": language.number(amount)}}
    return told
