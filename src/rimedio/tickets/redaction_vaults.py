"""What undoes a ticket's redaction, encrypted beside the ticket's files: personal data is never kept in clear."""

from typing import Protocol

from rimedio.security.encryption import is_sealed
from rimedio.security.master_keys import Context
from rimedio.storage.objects import ObjectStore

PURPOSE = "redaction-vault"


class Cipher(Protocol):
    """Encrypts for a context that must be given again to decrypt."""

    def encrypt_with_kms(self, plain: bytes, context: Context) -> bytes:
        """The sealed bytes."""
        ...

    def decrypt(self, sealed: bytes, context: Context) -> bytes:
        """The plain bytes. Raises StorageFailed for another context or damage."""
        ...


class RedactionVaults:
    """Keeps one vault a ticket."""

    def __init__(self, objects: ObjectStore, cipher: Cipher) -> None:
        self._objects = objects
        self._cipher = cipher

    def put(self, tenant_id: str, ticket_id: str, vault: str) -> None:
        """Keep a ticket's vault, instead of the one before."""
        sealed = self._cipher.encrypt_with_kms(vault.encode(), _context(tenant_id, ticket_id))
        self._objects.put(tenant_id, vault_name(ticket_id), sealed)

    def get(self, tenant_id: str, ticket_id: str) -> str | None:
        """A ticket's vault; None when nothing was taken out. One that an older Rimedio left in clear is read too.

        Raises StorageFailed when it cannot be decrypted.
        """
        name = vault_name(ticket_id)
        if not self._objects.exists(tenant_id, name):
            return None
        stored = self._objects.get(tenant_id, name)
        if is_sealed(stored):
            stored = self._cipher.decrypt(stored, _context(tenant_id, ticket_id))
        return stored.decode()


def vault_name(ticket_id: str) -> str:
    """Where the object store keeps a ticket's vault."""
    return f"vaults/{ticket_id}.json"


def _context(tenant_id: str, ticket_id: str) -> Context:
    return {"tenant_id": tenant_id, "purpose": PURPOSE, "ticket_id": ticket_id}
