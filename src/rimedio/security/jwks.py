"""Public keys of another issuer, such as a Cognito user pool: a JWKS document, kept and fetched again in time."""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import PyJWTError

from rimedio.domain.clock import Clock
from rimedio.domain.errors import Unavailable
from rimedio.security.private_file import read_private

FRESH_SECONDS = 600.0
AGAIN_SECONDS = 30.0  # an unknown key id may be new; but strangers' ids must not make us fetch without end
BITS_MIN = 2048
BYTES_MAX = 256 * 1024


class JwksDocument:
    """The keys of a JWKS document that `fetch` returns, by key id."""

    def __init__(self, fetch: Callable[[], bytes], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, rsa.RSAPublicKey] = {}
        self._fetched = float("-inf")

    def public_key(self, kid: str) -> rsa.RSAPublicKey | None:
        """The key, or None. Raises Unavailable while no document could be read at all."""
        with self._lock:
            age = self._clock.monotonic() - self._fetched
            if age > FRESH_SECONDS or (kid not in self._keys and age > AGAIN_SECONDS):
                self._refresh()
            return self._keys.get(kid)

    def _refresh(self) -> None:
        self._fetched = self._clock.monotonic()
        try:
            self._keys = _keys_of(self._fetch())
        except Unavailable:
            if not self._keys:  # else the keys of before still count: an outage must not lock everybody out
                raise


def from_file(path: Path) -> Callable[[], bytes]:
    """Reads the document from a file."""

    def fetch() -> bytes:
        content = read_private(path)
        if content is None:
            raise Unavailable(f"There is no key set at {path}. Put the issuer's JWKS document there.")
        return content

    return fetch


def from_url(url: str, timeout_seconds: float = 5.0) -> Callable[[], bytes]:
    """Fetches the document over HTTPS, from the address in the settings."""

    def fetch() -> bytes:
        import httpx

        try:
            answer = httpx.get(url, timeout=timeout_seconds, follow_redirects=False)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            msg = f"The key set at {url} cannot be fetched ({error!r}). Check the address and the network."
            raise Unavailable(msg) from error
        return answer.content

    return fetch


def _keys_of(document: bytes) -> Mapping[str, rsa.RSAPublicKey]:
    if len(document) > BYTES_MAX:
        raise Unavailable(f"The key set has {len(document)} bytes; at most {BYTES_MAX} are read.")
    try:
        entries = json.loads(document)["keys"]
        return {entry["kid"]: key for entry in entries if (key := _key_of(entry)) is not None}
    except (ValueError, KeyError, TypeError, PyJWTError) as error:
        msg = f"The key set is not a JWKS document ({error!r}). Check where it is fetched from."
        raise Unavailable(msg) from error


def _key_of(entry: Mapping[str, str]) -> rsa.RSAPublicKey | None:
    """An RSA signature key of decent size; None for keys of other kinds, which are for other uses."""
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    if "d" in entry:
        raise ValueError("it carries a private key")
    key = RSAAlgorithm.from_jwk(dict(entry))
    return key if isinstance(key, rsa.RSAPublicKey) and key.key_size >= BITS_MIN else None
