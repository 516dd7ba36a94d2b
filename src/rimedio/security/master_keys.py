"""The master keys that wrap data keys: in a private file at home, in KMS on AWS; the same port for both."""

import base64
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rimedio.domain.clock import Clock
from rimedio.domain.errors import StorageFailed
from rimedio.security.private_file import exclusive, read_private, write_private

FILE = "master.json"
KEY_BYTES = 32
NONCE_BYTES = 12
ID_CHARS = 12

Context = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key for data: in clear for use in memory, wrapped for keeping beside the data."""

    plain: bytes
    wrapped: bytes

    def __repr__(self) -> str:
        return "DataKey(…)"


class KeyService(Protocol):
    """Wraps data keys; the master key never leaves it. KMS's GenerateDataKey and Decrypt."""

    def generate_data_key(self, context: Context) -> DataKey:
        """A new data key, bound to `context`. Raises StorageFailed or Unavailable."""
        ...

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        """The data key in clear. Raises StorageFailed for another context, another master key, or damage."""
        ...


class LocalKeyService:
    """Master keys in a private file. A rotated one stays, so that what it wrapped can be read."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, bytes] = {}
        self._current = ""

    def generate_data_key(self, context: Context) -> DataKey:
        key_id, master = self._master()
        plain, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(master).encrypt(nonce, plain, context_bytes(context))
        return DataKey(plain, key_id.encode() + nonce + sealed)

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        key_id, nonce = wrapped[:ID_CHARS].decode(errors="replace"), wrapped[ID_CHARS:][:NONCE_BYTES]
        master = self._keys.get(key_id) or self._reloaded().get(key_id)
        if master is None:
            msg = f"The master key {key_id!r} is not in {self._path}. Restore that file from a backup."
            raise StorageFailed(msg)
        try:
            return AESGCM(master).decrypt(nonce, wrapped[ID_CHARS + NONCE_BYTES :], context_bytes(context))
        except (InvalidTag, ValueError) as error:
            msg = "A data key cannot be unwrapped: it is damaged, or belongs to other data."
            raise StorageFailed(msg) from error

    def rotate(self) -> str:
        """Wrap with a new master key from now on; its id."""
        with exclusive(self._path):
            self._reloaded()
            return self._add()

    def _master(self) -> tuple[str, bytes]:
        if not self._current:
            with exclusive(self._path):
                if not self._reloaded():
                    self._add()
        with self._lock:
            return self._current, self._keys[self._current]

    def _add(self) -> str:
        key_id = secrets.token_hex(ID_CHARS // 2)
        with self._lock:
            keys = {**self._keys, key_id: secrets.token_bytes(KEY_BYTES)}
            stored = {
                "current": key_id,
                "rotated_at": self._clock.now().isoformat(),
                "keys": {name: base64.b64encode(key).decode() for name, key in keys.items()},
            }
            write_private(self._path, json.dumps(stored).encode())
            self._keys, self._current = keys, key_id
        return key_id

    def _reloaded(self) -> Mapping[str, bytes]:
        content = read_private(self._path)
        if content is None:
            return {}
        try:
            stored = json.loads(content)
            keys = {name: base64.b64decode(key) for name, key in stored["keys"].items()}
            current = str(stored["current"])
            if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
                raise ValueError("the current key is missing or a key has the wrong length")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            msg = f"{self._path} is damaged ({error}). Restore it from a backup: without it nothing decrypts."
            raise StorageFailed(msg) from error
        with self._lock:
            self._keys, self._current = keys, current
        return keys


def context_bytes(context: Context) -> bytes:
    """The context in one form, as additional authenticated data."""
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
