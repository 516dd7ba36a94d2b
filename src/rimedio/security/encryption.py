"""Envelope encryption: AES-256-GCM with a data key a tenant, wrapped by the master key, bound to a context.

The context (tenant, purpose, id) is authenticated, not stored: a blob moved to another tenant or ticket does
not open. Data keys are reused for a while, as the AWS Encryption SDK's caching does, since each call of KMS
costs time and money; far below the 2^32 messages that random nonces allow a key (NIST SP 800-38D, 8.3).
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput, StorageFailed
from rimedio.security.master_keys import NONCE_BYTES, Context, DataKey, KeyService, context_bytes

MAGIC = b"RMDE\x01"  # no JSON and no text begins so: values written in clear before stay readable
TENANT = "tenant_id"
REUSE_MESSAGES_MAX = 1000
REUSE_SECONDS_MAX = 300.0
KEYS_HELD_MAX = 256
_LENGTH_BYTES = 2


@dataclass
class _Reused:
    key: DataKey
    since: float
    messages: int = 0


class EnvelopeCipher:
    """Encrypts and decrypts for tenants. Thread-safe."""

    def __init__(self, service: KeyService, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._lock = threading.Lock()
        self._reused: dict[str, _Reused] = {}
        self._unwrapped: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()

    def encrypt_with_kms(self, plain: bytes, context: Context) -> bytes:
        """The sealed bytes. `context` must name its `tenant_id`, and be given again to decrypt."""
        tenant = _tenant(context)
        key = self._data_key(tenant)
        nonce = secrets.token_bytes(NONCE_BYTES)
        head = MAGIC + len(key.wrapped).to_bytes(_LENGTH_BYTES, "big") + key.wrapped
        return head + nonce + AESGCM(key.plain).encrypt(nonce, plain, head + context_bytes(context))

    def decrypt(self, sealed: bytes, context: Context) -> bytes:
        """The plain bytes. Raises StorageFailed for another context, damage, or a lost master key."""
        tenant = _tenant(context)
        start = len(MAGIC) + _LENGTH_BYTES
        end = start + int.from_bytes(sealed[len(MAGIC) : start], "big")
        if not is_sealed(sealed) or len(sealed) < end + NONCE_BYTES:
            raise StorageFailed("These bytes were not encrypted by Rimedio, or are damaged.")
        key = self._unwrap(tenant, sealed[start:end])
        nonce, body = sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, body, sealed[:end] + context_bytes(context))
        except InvalidTag as error:
            msg = (
                "A stored secret cannot be decrypted: it is damaged, or belongs to another tenant or record."
            )
            raise StorageFailed(msg) from error

    def reencrypt(self, sealed: bytes, context: Context) -> bytes:
        """The same under the current master key, after a rotation."""
        return self.encrypt_with_kms(self.decrypt(sealed, context), context)

    def forget_keys(self) -> None:
        """Take new data keys from now on: after the master key was rotated."""
        with self._lock:
            self._reused.clear()
            self._unwrapped.clear()

    def _data_key(self, tenant: str) -> DataKey:
        now = self._clock.monotonic()
        with self._lock:
            found = self._reused.get(tenant)
            if found is None or found.messages >= REUSE_MESSAGES_MAX or now - found.since > REUSE_SECONDS_MAX:
                if len(self._reused) >= KEYS_HELD_MAX:
                    self._reused.clear()
                found = self._reused[tenant] = _Reused(self._service.generate_data_key({TENANT: tenant}), now)
            found.messages += 1
            return found.key

    def _unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        with self._lock:
            known = self._unwrapped.get((tenant, wrapped))
            if known is not None:
                self._unwrapped.move_to_end((tenant, wrapped))
                return known
        plain = self._service.unwrap(wrapped, {TENANT: tenant})
        with self._lock:
            self._unwrapped[(tenant, wrapped)] = plain
            if len(self._unwrapped) > KEYS_HELD_MAX:
                self._unwrapped.popitem(last=False)
        return plain


def is_sealed(content: bytes) -> bool:
    """Whether these bytes came from `encrypt_with_kms`."""
    return content.startswith(MAGIC)


def _tenant(context: Context) -> str:
    tenant = context.get(TENANT, "")
    if not tenant:
        raise InvalidInput("The encryption context must name its `tenant_id`.")
    return tenant
