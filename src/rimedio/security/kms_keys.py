"""The `KeyService` of AWS: data keys out of KMS, bound to an encryption context.

The master key never leaves KMS. `Decrypt` names the key it expects, so that a blob wrapped by another key, in
another account for instance, does not open (KMS Developer Guide, "Encryption context" and "Decrypt"). The context
stands in CloudTrail in clear: it holds the tenant's id and nothing else.
"""

from rimedio.aws import Client, error_code, translated
from rimedio.domain.errors import NotFound, RimedioError, StorageFailed
from rimedio.security.master_keys import Context, DataKey

SERVICE = "AWS KMS"
KEY_SPEC = "AES_256"
WRONG = frozenset(
    {"InvalidCiphertextException", "IncorrectKeyException", "InvalidKeyUsageException", "DisabledException"}
)


class KmsKeyService:
    """Wraps data keys with one symmetric key of KMS, named by its ARN, id or alias."""

    def __init__(self, client: Client, key: str) -> None:
        self._client = client
        self._key = key

    def generate_data_key(self, context: Context) -> DataKey:
        """A new data key. Raises StorageFailed, Forbidden, Throttled or Unavailable."""
        try:
            with translated(SERVICE, "making a data key"):
                made = self._client.generate_data_key(
                    KeyId=self._key, KeySpec=KEY_SPEC, EncryptionContext=dict(context)
                )
        except RimedioError as error:
            raise self._explained(error) from error
        return DataKey(made["Plaintext"], made["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        """The data key in clear. Raises StorageFailed for another context, another key, or damage."""
        if not wrapped:
            raise StorageFailed("A data key is missing: the record is damaged.")
        try:
            with translated(SERVICE, "opening a data key"):
                plain: bytes = self._client.decrypt(
                    CiphertextBlob=wrapped, KeyId=self._key, EncryptionContext=dict(context)
                )["Plaintext"]
        except RimedioError as error:
            raise self._explained(error) from error
        return plain

    def _explained(self, error: RimedioError) -> RimedioError:
        """What callers of the port expect: a lost key and a wrong context are failures of the storage."""
        code = error_code(error.__cause__) if error.__cause__ else ""
        if code in WRONG:
            return StorageFailed("A data key cannot be unwrapped: it is damaged, or belongs to other data.")
        if isinstance(error, NotFound):
            return StorageFailed(f"There is no key {self._key} in KMS. Correct the setting `kms_key`.")
        return error
