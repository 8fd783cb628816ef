"""The hospital's identity provider, by OpenID Connect: authorization code, PKCE, nonce; any provider will do.

What it says is believed only as far as OpenID Connect Core 3.1.3.7 proves it. Nothing of its tokens is kept.
"""

import ssl
import time
from dataclasses import dataclass
from typing import Any

from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from httpx2 import HTTPError
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from app.domain.refusals import NotProved, Refusal
from app.settings import Settings

CLOCK_SKEW = 60
"""Seconds by which the provider's clock and ours may differ."""
_TIMEOUT = 5
_REMEMBERED = 3600
"""Seconds for which the provider's description of itself is believed."""
_SIGNATURES = frozenset({"RS256", "PS256", "ES256", "Ed25519", "EdDSA"})
"""Public keys alone: with a shared secret, whoever knows ours could sign."""
_SECOND_FACTORS = frozenset({"mfa", "hwk", "face", "fpt", "otp", "sms"})
"""RFC 8176's words for more than a password."""


class ProviderUnavailable(Refusal):
    """The provider does not answer, or not as OpenID Connect says. Local accounts go on."""

    status = 503
    kind = "provedor-indisponivel"
    title = "Provedor de identidade indisponível"
    detail = "O provedor de identidade não respondeu. Entre com usuário e senha."


@dataclass(frozen=True)
class Known:
    """A person as the provider knows them; strong: it saw more than a password."""

    issuer: str
    subject: str
    strong: bool


class IdentityProvider:
    """The one that the settings name."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer is not None  # noqa: S101 (asked by who makes it)
        self.issuer = settings.oidc_issuer
        self._settings = settings
        self._described: dict[str, Any] = {}
        self._keys: Any = {}
        self._until = 0.0

    async def authorization_url(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes. Raises ProviderUnavailable."""
        async with self._client() as client:
            described = await self._describe(client)
            url, _ = client.create_authorization_url(
                described["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return str(url)

    async def exchange(self, code: str, nonce: str, verifier: str) -> Known:
        """Who came back with ``code``. Raises NotProved for what is not proved, or ProviderUnavailable."""
        async with self._client() as client:
            described = await self._describe(client)
            try:
                answer = await client.fetch_token(
                    described["token_endpoint"], code=code, code_verifier=verifier
                )
            except OAuthError:
                raise NotProved from None
            except (HTTPError, ValueError):
                raise ProviderUnavailable from None
            claims = await self._verified(client, answer, nonce)
        ways = frozenset(claims.get("amr") or ())
        return Known(self.issuer, str(claims["sub"]), bool(ways & _SECOND_FACTORS))

    async def _verified(self, client: Any, answer: Any, nonce: str) -> Any:
        """The claims of the ID token: signed by the provider, for us, now, for this very attempt."""
        offered = self._described.get("id_token_signing_alg_values_supported") or ["RS256"]
        registry = JWSRegistry(algorithms=sorted(_SIGNATURES & set(offered)), strict_check_header=False)
        try:
            signed = str(answer["id_token"])
            try:
                token = jwt.decode(signed, KeySet.import_key_set(self._keys), registry=registry)
            except InvalidKeyIdError:
                # The provider has changed its keys.
                await self._fetch_keys(client)
                token = jwt.decode(signed, KeySet.import_key_set(self._keys), registry=registry)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._settings.oidc_client},
                },
                {
                    "nonce": nonce,
                    "client_id": self._settings.oidc_client,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(leeway=CLOCK_SKEW)
        except (JoseError, KeyError, ValueError, TypeError):
            raise NotProved from None
        return claims

    async def _describe(self, client: Any) -> dict[str, Any]:
        """The provider's metadata and keys, no older than an hour."""
        if time.monotonic() >= self._until:
            place = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            self._described = await self._get(client, place)
            if self._described.get("issuer") != self.issuer:
                raise ProviderUnavailable
            await self._fetch_keys(client)
            self._until = time.monotonic() + _REMEMBERED
        return self._described

    async def _fetch_keys(self, client: Any) -> None:
        self._keys = await self._get(client, str(self._described.get("jwks_uri")))

    async def _get(self, client: Any, place: str) -> dict[str, Any]:
        try:
            answer = await client.request("GET", place, withhold_token=True)
            answer.raise_for_status()
            found = answer.json()
        except (HTTPError, ValueError):
            raise ProviderUnavailable from None
        if not isinstance(found, dict):
            raise ProviderUnavailable
        return found

    def _client(self) -> Any:
        settings = self._settings
        return AsyncOAuth2Client(
            client_id=settings.oidc_client,
            client_secret=settings.secret("oidc-client-secret"),
            scope="openid",
            redirect_uri=f"https://{settings.site}/entrar/retorno",
            code_challenge_method="S256",
            timeout=_TIMEOUT,
            verify=self._trust(),
        )

    def _trust(self) -> ssl.SSLContext:
        """Public authorities and, where the hospital has put its file there, its own."""
        context = ssl.create_default_context()
        own = self._settings.secret_path("oidc-authority")
        if own.exists():
            context.load_verify_locations(cafile=str(own))
        return context
