"""The RSA keys that sign tokens: made on first use, rotated, an old one kept as long as its tokens live."""

import base64
import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from rimedio.domain.clock import Clock
from rimedio.domain.errors import StorageFailed
from rimedio.security.private_file import exclusive, read_private, write_private

FILE = "tokens.json"
BITS = 2048
TOKEN_LIFE_MAX = timedelta(days=90)  # a retired key is kept this long: no token it signed can live longer
KID_CHARS = 22
RELOAD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair; the newest that is not retired signs."""

    kid: str
    private: rsa.RSAPrivateKey
    created_at: datetime
    retired_at: datetime | None = None

    def known_until(self) -> datetime | None:
        """When the public half may be forgotten; None while it signs."""
        return None if self.retired_at is None else self.retired_at + TOKEN_LIFE_MAX


class KeyRing:
    """Key pairs in a private file of the data folder, shared by every process on it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: tuple[SigningKey, ...] = ()
        self._stamp: tuple[int, int] | None = None  # of the file that was read: modification time, inode
        self._looked = float("-inf")

    def current(self) -> SigningKey:
        """The key that signs now; made when there is none. Raises StorageFailed."""
        found = _signer(self._load())
        if found is not None:
            return found
        with exclusive(self._path):
            found = _signer(self._load(fresh=True))  # another process may have been quicker
            return found or self._add(self._load())

    def public_key(self, kid: str) -> rsa.RSAPublicKey | None:
        """The public half of a key whose tokens may still live."""
        now = self._clock.now()
        found = _named(self._load(), kid) or _named(self._load(look=True), kid)  # it may be seconds old
        until = found.known_until() if found else None
        return None if found is None or (until is not None and until <= now) else found.private.public_key()

    def rotate(self, *, forget_old: bool = False) -> SigningKey:
        """Sign with a new key from now on. `forget_old` ends every older token at once: for a stolen key."""
        with exclusive(self._path):
            old = () if forget_old else self._load(fresh=True)
            return self._add(retired_and_known(old, self._clock.now()))

    def rotate_when_older(self, age: timedelta) -> bool:
        """Rotate when the signing key is older than this; whether it was."""
        if self._clock.now() - self.current().created_at <= age:
            return False
        self.rotate()
        return True

    def jwks(self) -> Mapping[str, object]:
        """The public halves as a JSON Web Key Set (RFC 7517)."""
        self.current()
        known = [key for key in self._load() if self.public_key(key.kid) is not None]
        return {"keys": [jwk_of(key.kid, key.private.public_key()) for key in known]}

    def _add(self, others: Sequence[SigningKey]) -> SigningKey:
        key = new_signing_key(self._clock.now())
        write_private(self._path, key_document((*others, key)))
        self._load(fresh=True)
        return key

    def _load(self, *, fresh: bool = False, look: bool = False) -> tuple[SigningKey, ...]:
        """The keys of the file, read again when another process has written it.

        `look` asks the file system even when it was asked a moment ago, `fresh` reads in any case.
        """
        with self._lock:
            if not fresh and not look and self._clock.monotonic() - self._looked < RELOAD_SECONDS:
                return self._keys
            self._looked = self._clock.monotonic()
            stamp = self._file_stamp()
            if stamp != self._stamp or fresh:
                content = read_private(self._path)
                self._keys = () if content is None else keys_of_document(content, str(self._path))
                self._stamp = stamp
            return self._keys

    def _file_stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino


def new_signing_key(now: datetime) -> SigningKey:
    """A new key pair, which signs."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return SigningKey(thumbprint(private.public_key()), private, now)


def retired_and_known(keys: Sequence[SigningKey], now: datetime) -> tuple[SigningKey, ...]:
    """The keys of before a new one: retired from now on, and kept while a token they signed may live."""
    retired = [SigningKey(k.kid, k.private, k.created_at, k.retired_at or now) for k in keys]
    return tuple(k for k in retired if (k.known_until() or now) > now)


def key_document(keys: Sequence[SigningKey]) -> bytes:
    """The keys as they are stored, private halves in clear: for a private file, or a secret."""
    return json.dumps({"keys": [_stored(key) for key in keys]}).encode()


def jwk_of(kid: str, key: rsa.RSAPublicKey) -> Mapping[str, str]:
    """A public key as a JSON Web Key."""
    numbers = key.public_numbers()
    return {
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": _number(numbers.n), "e": _number(numbers.e),
    }  # fmt: skip


def thumbprint(key: rsa.RSAPublicKey) -> str:
    """A key's id: its thumbprint of RFC 7638, shortened to 128 bits."""
    numbers = key.public_numbers()
    text = f'{{"e":"{_number(numbers.e)}","kty":"RSA","n":"{_number(numbers.n)}"}}'
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:KID_CHARS]


def _signer(keys: Sequence[SigningKey]) -> SigningKey | None:
    return next((key for key in reversed(keys) if key.retired_at is None), None)


def _named(keys: Sequence[SigningKey], kid: str) -> SigningKey | None:
    return next((key for key in keys if key.kid == kid), None)


def _number(value: int) -> str:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _stored(key: SigningKey) -> Mapping[str, str | None]:
    pem = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "kid": key.kid,
        "pem": pem.decode(),
        "created_at": key.created_at.isoformat(),
        "retired_at": key.retired_at.isoformat() if key.retired_at else None,
    }


def keys_of_document(content: bytes, origin: str) -> tuple[SigningKey, ...]:
    """The keys that `key_document` wrote. Raises StorageFailed naming `origin`."""
    try:
        return tuple(_restored(stored) for stored in json.loads(content)["keys"])
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{origin} is damaged ({error}). Restore it from a backup, or remove it: everybody signs in again."
        raise StorageFailed(msg) from error


def _restored(stored: Mapping[str, str]) -> SigningKey:
    private = serialization.load_pem_private_key(stored["pem"].encode(), None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    retired = stored["retired_at"]
    return SigningKey(
        stored["kid"],
        private,
        datetime.fromisoformat(stored["created_at"]),
        datetime.fromisoformat(retired) if retired else None,
    )
