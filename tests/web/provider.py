"""A small identity provider, served for real: discovery, keys, codes that hold once, PKCE; and what it does wrong."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from werkzeug.serving import make_server

from tests.browser.live import Unheard

CLIENT, SECRET = "console", "a secret of the client"
#: Made once: RSA keys take a while.
KEYS = [RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}) for name in ("one", "two")]


@dataclass
class Idp:
    """The provider; `claims` is who signs in, `wrong` what is done wrong with the next answers, `key` what it signs with."""

    now: Any = None
    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    wrong: str = ""
    key: int = 0
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def come_back(self, address: str) -> str:
        """What a browser does at the provider: someone signs in there; the address it is sent back to, by path."""
        sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert sent["code_challenge_method"] == "S256" and sent["response_type"] == "code" and "openid" in sent["scope"]
        code = f"code-{len(self.codes)}"
        self.codes[code] = sent
        back = urlsplit(sent["redirect_uri"])
        return f"{back.path}?code={code}&state={sent['state']}"

    def token(self, sent: dict[str, str]) -> str:
        now = int(self.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": sent["nonce"], **self.claims}
        changed = {
            "issuer": {"iss": "https://evil.example"}, "audience": {"aud": "other"}, "expired": {"exp": now - 3600},
            "nonce": {"nonce": "another"}, "azp": {"aud": [CLIENT, "other"], "azp": "other"}, "future": {"iat": now + 3600},
        }.get(self.wrong, {})  # fmt: skip
        claims |= changed
        if self.wrong == "no nonce":
            del claims["nonce"]
        if self.wrong == "no signature":
            parts = [base64.urlsafe_b64encode(str(one).replace("'", '"').encode()).decode().rstrip("=")
                     for one in ({"alg": "none"}, claims)]  # fmt: skip
            return ".".join([*parts, ""])
        if self.wrong == "shared secret":
            secret = OctKey.import_key(SECRET.ljust(32, "x"), {"kid": KEYS[0].kid})
            return jwt.encode({"alg": "HS256", "kid": KEYS[0].kid}, claims, secret)
        key = KEYS[1 - self.key] if self.wrong == "signature" else KEYS[self.key]
        text = jwt.encode({"alg": "RS256", "kid": KEYS[self.key].kid}, claims, key)
        return text if isinstance(text, str) else str(text)

    @property
    def app(self) -> Flask:
        app = Flask("provider")

        @app.get("/.well-known/openid-configuration")
        def about() -> Response:
            self.asked.append("about")
            issuer = "https://evil.example" if self.wrong == "another issuer" else self.issuer
            places = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token", "end_session")}
            return jsonify(issuer=issuer, jwks_uri=f"{self.issuer}/keys", **places)

        @app.get("/keys")
        def keys() -> Response:
            self.asked.append("keys")
            return jsonify(KeySet([KEYS[self.key]]).as_dict(private=False))

        @app.post("/token")
        def token() -> Any:
            if self.wrong == "silent":
                time.sleep(0.1)
                return Response("down", 503)
            sent = self.codes.pop(request.form["code"], None)
            expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            verifier = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
            known = request.headers.get("Authorization") == f"Basic {expected}"
            if sent is None or not known or challenge != sent["code_challenge"]:
                return jsonify(error="invalid_grant"), 400
            return jsonify(access_token="a", token_type="Bearer", id_token=self.token(sent))

        return app


@contextmanager
def provider() -> Iterator[Idp]:
    """A provider that answers."""
    made = Idp()
    server = make_server("127.0.0.1", 0, made.app, threaded=True, request_handler=Unheard)
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
