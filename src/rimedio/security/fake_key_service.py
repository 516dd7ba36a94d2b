"""A `KeyService` in memory, for tests: it wraps for real, with a key that ends with the process."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rimedio.domain.errors import StorageFailed
from rimedio.security.master_keys import KEY_BYTES, NONCE_BYTES, Context, DataKey, context_bytes


class FakeKeyService:
    """Keys are made by counting, so that the same calls wrap the same keys."""

    def __init__(self) -> None:
        self._master = AESGCM(bytes(KEY_BYTES))
        self.generated = 0

    def generate_data_key(self, context: Context) -> DataKey:
        self.generated += 1
        plain = self.generated.to_bytes(KEY_BYTES, "big")
        nonce = self.generated.to_bytes(NONCE_BYTES, "big")
        return DataKey(plain, nonce + self._master.encrypt(nonce, plain, context_bytes(context)))

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._master.decrypt(nonce, sealed, context_bytes(context))
        except (InvalidTag, ValueError) as error:
            raise StorageFailed(
                "A data key cannot be unwrapped: it is damaged or another tenant's."
            ) from error
