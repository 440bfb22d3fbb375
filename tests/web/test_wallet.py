"""The card for wallets: signed so that the outside can check it, and nothing where nothing is set up."""

import base64
import hashlib
import io
import json
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import RSAKey

from loyalty.jobs.deployment import Deployment
from tests.web.portal import Portal
from tests.web.records import fly

PEM = serialization.Encoding.PEM
Deploy = Callable[..., Deployment]


def certificate(name: str, key: rsa.RSAPrivateKey, issuer: str, signer: rsa.RSAPrivateKey, ca: bool) -> x509.Certificate:
    subject, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer))
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(by).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime.now(UTC) + timedelta(days=3650))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(signer, hashes.SHA256())


def private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A throwaway root, the certificate above, that of a pass type, and a service account."""
    folder = tmp_path_factory.mktemp("wallet")
    root, above, own, account = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(4))
    made = {
        "root": certificate("Root", root, "Root", root, True),
        "wwdr": certificate("WWDR", above, "Root", root, True),
        "certificate": certificate("Pass Type ID: pass.example.card", own, "WWDR", above, False),
    }
    for name, one in made.items():
        (folder / f"{name}.pem").write_bytes(one.public_bytes(PEM))
    (folder / "key.pem").write_bytes(private(own))
    told = {"client_email": "wallet@example.iam", "private_key": private(account).decode()}
    (folder / "account.json").write_text(json.dumps(told), encoding="utf-8")
    public = account.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(public)
    return folder


def with_wallets(deployment: Deployment, keys: Path) -> Portal:
    settings = replace(
        deployment.settings, web_address="https://pages.example",
        wallet_apple_certificate=str(keys / "certificate.pem"), wallet_apple_key=str(keys / "key.pem"),
        wallet_apple_wwdr=str(keys / "wwdr.pem"), wallet_apple_team="TEAM123456", wallet_apple_pass_type="pass.example.card",
        wallet_google_issuer="3388", wallet_google_class="card", wallet_google_key=str(keys / "account.json"),
    )  # fmt: skip
    changed = Deployment(settings)
    changed.__dict__["store"] = deployment.store
    return Portal(changed)


def test_nothing_is_offered_where_nothing_is_set_up(deploy: Deploy) -> None:
    portal = Portal(deploy())
    client = portal.client(portal.enrol("M"))
    assert "Wallet" not in client.get("/me").text
    assert client.get("/wallet/apple").status_code == client.get("/wallet/google").status_code == 404


def test_apples_pass_is_whole_and_signed_under_the_operators_certificate(deploy: Deploy, keys: Path, tmp_path: Path) -> None:
    portal = with_wallets(deploy(), keys)
    member = portal.enrol("M", "2025-01-01", name="安 <b>", language="zh-TW")
    fly(portal, "M", 2)
    # the cookie is for https alone where the pages are: so is the request
    client = portal.client(member)
    assert 'href="/wallet/apple"' in client.get("/me", base_url="https://localhost").text
    answer = client.get("/wallet/apple", base_url="https://localhost")
    assert answer.mimetype == "application/vnd.apple.pkpass"
    with ZipFile(io.BytesIO(answer.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    assert manifest == {
        name: hashlib.sha1(data).hexdigest() for name, data in files.items() if name not in ("manifest.json", "signature")
    }
    told = json.loads(files["pass.json"])
    assert (told["serialNumber"], told["passTypeIdentifier"], told["teamIdentifier"]) == (
        "M",
        "pass.example.card",
        "TEAM123456",
    )
    assert told["barcodes"][0]["message"] == "M" and told["backgroundColor"] == "rgb(81, 96, 111)"
    fields = {one["key"]: one["value"] for part in told["storeCard"].values() for one in part}
    assert (fields["name"], fields["points0"]) == ("安 <b>", "4,616") and fields["tier"]
    (tmp_path / "signature").write_bytes(files["signature"])
    (tmp_path / "manifest").write_bytes(files["manifest.json"])
    verify = ["openssl", "smime", "-verify", "-inform", "DER", "-in", str(tmp_path / "signature"), "-content",
              str(tmp_path / "manifest"), "-CAfile", str(keys / "root.pem"), "-purpose", "any", "-binary"]  # fmt: skip
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 0
    (tmp_path / "manifest").write_bytes(files["manifest.json"] + b" ")
    assert subprocess.run(verify, capture_output=True, check=False).returncode != 0
    assert square(files["icon.png"]) == 29 and square(files["icon@2x.png"]) == 58


def square(png: bytes) -> int:
    """The side of a PNG whose parts are whole; all its pixels are there, in two colours."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, parts = 8, {}
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
        parts[kind], at = data, at + 12 + length
    width, height, depth, colours = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    lines = zlib.decompress(parts[b"IDAT"])
    assert (width, depth, colours) == (height, 8, 2) and len(lines) == height * (1 + width * 3)
    pixels = {lines[y * (1 + width * 3) + 1 + x * 3 :][:3] for y in range(height) for x in range(width)}
    assert len(pixels) == 2
    return int(width)


def test_images_of_the_operator_come_before_the_drawn_icon(deploy: Deploy, keys: Path, tmp_path: Path) -> None:
    portal = with_wallets(deploy(), keys)
    (tmp_path / "logo.png").write_bytes(b"a logo")
    (tmp_path / "secret.txt").write_bytes(b"not an image")
    settings = replace(portal.deployment.settings, wallet_images=str(tmp_path))
    portal.deployment.__dict__["settings"] = settings
    client = portal.client(portal.enrol("M"))
    with ZipFile(io.BytesIO(client.get("/wallet/apple", base_url="https://localhost").data)) as archive:
        assert archive.read("logo.png") == b"a logo" and "secret.txt" not in archive.namelist()
        assert "icon.png" in archive.namelist()


def test_googles_link_is_signed_by_the_service_account(deploy: Deploy, keys: Path) -> None:
    portal = with_wallets(deploy(), keys)
    member = portal.enrol("M/1", "2025-01-01", name="Ann")
    fly(portal, "M/1", 2)
    answer = portal.client(member).get("/wallet/google", base_url="https://localhost")
    before, _, token = answer.location.rpartition("/")
    assert answer.status_code == 303 and before == "https://pay.google.com/gp/v/save"
    key = RSAKey.import_key((keys / "public.pem").read_text())
    found = jwt.decode(token, key, algorithms=["RS256"])
    assert found.header["alg"] == "RS256"
    claims = found.claims
    assert (claims["iss"], claims["aud"], claims["typ"]) == ("wallet@example.iam", "google", "savetowallet")
    assert claims["iat"] == int(portal.now.timestamp()) and claims["origins"] == ["https://pages.example"]
    (card,) = claims["payload"]["loyaltyObjects"]
    assert (card["id"], card["classId"], card["accountId"]) == ("3388.M_1", "3388.card", "M/1")
    assert card["barcode"]["value"] == "M/1" and card["loyaltyPoints"]["balance"]["string"] == "4,616"
    head, _body, signature = token.split(".")
    other = base64.urlsafe_b64encode(json.dumps({**claims, "iss": "evil"}).encode()).decode().rstrip("=")
    with pytest.raises(BadSignatureError):
        jwt.decode(f"{head}.{other}.{signature}", key, algorithms=["RS256"])
