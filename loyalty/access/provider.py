"""The identity provider of staff (OpenID Connect): asked by the code flow with PKCE, and what it answers checked.

Nothing here touches the database: a provider may take its time.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from loyalty.access.staff_provided import LONGEST_SUBJECT, Answered, Asked
from loyalty.errors import Refused
from loyalty.settings import Settings

#: What is asked for, and the signatures that are taken: none by a shared secret, and never none.
SCOPE, SIGNATURES = "openid email profile groups", ("RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "ES384", "ES512")
#: A request to the provider ends after so many seconds; what it tells of itself is asked again after so long; its clock may
#: differ by so many seconds.
PATIENCE, KNOWN, LEEWAY = 10, timedelta(hours=1), 60


class Provider:
    """The provider of the settings, seen from the address that it sends the browser back to."""

    def __init__(self, settings: Settings, claim: str = "groups") -> None:
        self.settings, self.claim = settings, claim
        self._about: tuple[datetime, dict[str, Any]] | None = None
        self._keys: KeySet | None = None

    def ask(self, back: str, now: datetime) -> Asked:
        """Where to send the browser. Raises Refused: `provider_silent`."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._client(back) as client:
            address, _state = client.create_authorization_url(
                self._told(now, "authorization_endpoint"), state=state, code_verifier=verifier, nonce=nonce
            )
        return Asked(address, state, nonce, verifier)

    def answer(self, back: str, code: str, asked: Asked, now: datetime) -> Answered:
        """Who it is, by a code that is exchanged once. Raises Refused: `provider_silent`, `provider_wrong`."""
        try:
            with self._client(back) as client:
                token = client.fetch_token(
                    self._told(now, "token_endpoint"), code=code, code_verifier=asked.verifier,
                    grant_type="authorization_code", timeout=PATIENCE, allow_redirects=False,
                )  # fmt: skip
        except AuthlibBaseError as error:
            raise Refused("provider_wrong", why=str(error.error)) from None
        except (OSError, ValueError) as error:
            raise Refused("provider_silent", why=type(error).__name__) from None
        return self._read(str(token.get("id_token", "")), asked, now)

    def leave(self, now: datetime, back: str) -> str:
        """Where one signs out of the provider too; empty where it tells no such place, or cannot be reached."""
        try:
            end = self._told(now, "end_session_endpoint")
        except Refused:
            return ""
        return f"{end}?{urlencode({'client_id': self.settings.oidc_client_id, 'post_logout_redirect_uri': back})}"

    def _client(self, back: str) -> Any:
        chosen = self.settings
        return OAuth2Session(
            chosen.oidc_client_id, chosen.oidc_client_secret or None, scope=SCOPE, redirect_uri=back,
            code_challenge_method="S256", default_timeout=PATIENCE,
            token_endpoint_auth_method="client_secret_basic" if chosen.oidc_client_secret else "none",
        )  # fmt: skip

    def _told(self, now: datetime, name: str) -> str:
        """A place that the provider tells of itself (OpenID Connect Discovery). Raises Refused: `provider_silent`."""
        if self._about is None or now - self._about[0] > KNOWN:
            about = self._get(f"{self.settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration")
            if about.get("issuer") != self.settings.oidc_issuer:
                raise Refused("provider_silent", why="another issuer answers")
            self._about = (now, about)
        found = self._about[1].get(name)
        if not isinstance(found, str) or not found.startswith(("https://", "http://")):
            raise Refused("provider_silent", why=f"it tells no {name}")
        return found

    def _get(self, address: str) -> dict[str, Any]:
        try:
            with self._client("") as client:
                answer = client.request("GET", address, withhold_token=True, timeout=PATIENCE, allow_redirects=False)
                found = answer.json() if answer.status_code == 200 else None
        except (OSError, ValueError) as error:
            raise Refused("provider_silent", why=type(error).__name__) from None
        if not isinstance(found, dict):
            raise Refused("provider_silent", why=f"status {answer.status_code}")
        return found

    def _read(self, token: str, asked: Asked, now: datetime) -> Answered:
        """The id token: its signature, issuer, audience, times and nonce. Raises Refused: `provider_wrong`."""
        try:
            claims = self._verified(token, now)
            rules = jwt.JWTClaimsRegistry(
                now=int(now.timestamp()), leeway=LEEWAY, iss={"essential": True, "value": self.settings.oidc_issuer},
                aud={"essential": True, "value": self.settings.oidc_client_id}, exp={"essential": True},
                iat={"essential": True}, sub={"essential": True}, nonce={"essential": True, "value": asked.nonce},
            )  # fmt: skip
            rules.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Refused("provider_wrong", why=type(error).__name__) from None
        if not 0 < len(str(claims["sub"])) <= LONGEST_SUBJECT:
            raise Refused("provider_wrong", why="sub")
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self.settings.oidc_client_id:
            raise Refused("provider_wrong", why="azp")
        return _answered(claims, self.claim)

    def _verified(self, token: str, now: datetime) -> dict[str, Any]:
        """The claims; where the keys that are known do not fit, the provider may have changed them, and is asked once."""
        if self._keys is not None:
            try:
                return jwt.decode(token, self._keys, algorithms=SIGNATURES).claims
            except (JoseError, ValueError):
                pass
        self._keys = KeySet.import_key_set(self._get(self._told(now, "jwks_uri")))  # type: ignore[arg-type]
        return jwt.decode(token, self._keys, algorithms=SIGNATURES).claims


def _answered(claims: Mapping[str, Any], claim: str) -> Answered:
    email = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
    proved = [*_texts(claims.get("amr")), *_texts(claims.get("acr"))]
    name = str(claims.get("name", "") or claims.get("preferred_username", "") or email)
    return Answered(str(claims["sub"]), email, name[:200], tuple(_texts(claims.get(claim))), tuple(proved))


def _texts(value: Any) -> list[str]:
    """A claim that is a text, or a list of texts."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str)]
