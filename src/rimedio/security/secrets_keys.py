"""The keys that sign API tokens, on AWS: a secret instead of a file, rotated by Secrets Manager.

People sign in through Cognito; machines get tokens of Rimedio's own, signed with these keys. The secret holds the
same document as the file at home. A rotation adds a key and retires the old one, whose tokens count until they end;
a key id that is not known makes the reader look for a fresh version.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput, StorageFailed, Unavailable
from rimedio.security.keys import (
    SigningKey,
    jwk_of,
    key_document,
    keys_of_document,
    new_signing_key,
    retired_and_known,
)
from rimedio.security.secrets_reader import SecretReader
from rimedio.security.secrets_rotation import Rotatable

PROOF = {"sub": "rotation", "aud": "rotation"}
EMPTY = '{"keys": []}'  # what the secret holds before its first rotation


class SecretKeyRing:
    """The keys in a secret; a `KeySource`, and what signs."""

    def __init__(self, reader: SecretReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._version = ""
        self._keys: tuple[SigningKey, ...] = ()

    def current(self) -> SigningKey:
        """The key that signs. Raises Unavailable before the secret's first rotation."""
        for fresh in (False, True):
            found = next((k for k in reversed(self._load(fresh=fresh)) if k.retired_at is None), None)
            if found is not None:
                return found
        raise Unavailable(f"The secret {self._reader.secret} holds no signing key yet. Rotate it once.")

    def public_key(self, kid: str) -> rsa.RSAPublicKey | None:
        """The public half of a key whose tokens may still live."""
        now = self._clock.now()
        for fresh in (False, True):
            found = next((key for key in self._load(fresh=fresh) if key.kid == kid), None)
            if found is not None:
                until = found.known_until()
                return found.private.public_key() if until is None or until > now else None
        return None

    def jwks(self) -> Mapping[str, object]:
        """The public halves as a JSON Web Key Set (RFC 7517)."""
        known = [key for key in self._load() if self.public_key(key.kid) is not None]
        return {"keys": [jwk_of(key.kid, key.private.public_key()) for key in known]}

    def rotate_when_older(self, age: timedelta) -> bool:
        """Nothing: Secrets Manager rotates on its own schedule."""
        del age
        return False

    def _load(self, *, fresh: bool = False) -> Sequence[SigningKey]:
        version = self._reader.current(fresh=fresh)
        if version.version_id != self._version:
            self._keys = keys_of_document(version.text.encode(), f"The secret {self._reader.secret}")
            self._version = version.version_id
        return self._keys


def token_keys(clock: Clock) -> Rotatable:
    """How the secret of signing keys is rotated."""
    return Rotatable(lambda current: next_key_set(current, clock.now()), check_key_set)


def next_key_set(current: str, now: datetime) -> str:
    """The key set with a new key that signs, and those before retired as long as their tokens may live."""
    kept = retired_and_known(keys_of_document(current.encode(), "The secret"), now)
    return key_document((*kept, new_signing_key(now))).decode()


def check_key_set(text: str) -> None:
    """Sign with the new key and verify it with its public half. Raises StorageFailed or InvalidInput."""
    keys = keys_of_document(text.encode(), "The new version of the secret")
    signing = [key for key in keys if key.retired_at is None]
    if len(signing) != 1 or len({key.kid for key in keys}) < len(keys):
        raise InvalidInput(f"The new key set has {len(signing)} keys that sign; exactly one must.")
    (key,) = signing
    token = jwt.encode(PROOF, key.private, "RS256", {"kid": key.kid})
    try:
        jwt.decode(token, key.private.public_key(), algorithms=["RS256"], audience=PROOF["aud"])
    except jwt.PyJWTError as error:
        raise StorageFailed(f"The new signing key does not verify its own token: {error}.") from error
