"""What undoes a redaction is kept encrypted, and old ones in clear stay readable."""

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import StorageFailed
from rimedio.security.encryption import EnvelopeCipher
from rimedio.security.fake_key_service import FakeKeyService
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.tickets.redaction_vaults import RedactionVaults, vault_name

VAULT = '{"values": {"[PERSON_1]": "Mario Rossi"}}'


@pytest.fixture
def objects() -> MemoryObjectStore:
    return MemoryObjectStore()


@pytest.fixture
def vaults(objects: MemoryObjectStore) -> RedactionVaults:
    return RedactionVaults(objects, EnvelopeCipher(FakeKeyService(), FakeClock()))


def test_the_store_holds_no_name_in_clear(vaults: RedactionVaults, objects: MemoryObjectStore) -> None:
    vaults.put("acme", "tkt_1", VAULT)

    assert b"Mario" not in objects.get("acme", vault_name("tkt_1"))
    assert vaults.get("acme", "tkt_1") == VAULT


def test_a_vault_of_an_older_rimedio_is_read(vaults: RedactionVaults, objects: MemoryObjectStore) -> None:
    objects.put("acme", vault_name("tkt_1"), VAULT.encode())

    assert vaults.get("acme", "tkt_1") == VAULT


def test_a_vault_put_under_another_ticket_or_tenant_does_not_open(
    vaults: RedactionVaults, objects: MemoryObjectStore
) -> None:
    vaults.put("acme", "tkt_1", VAULT)
    sealed = objects.get("acme", vault_name("tkt_1"))
    objects.put("acme", vault_name("tkt_2"), sealed)
    objects.put("other", vault_name("tkt_1"), sealed)

    for tenant, ticket in (("acme", "tkt_2"), ("other", "tkt_1")):
        with pytest.raises(StorageFailed):
            vaults.get(tenant, ticket)


def test_nothing_was_taken_out_of_most_tickets(vaults: RedactionVaults) -> None:
    assert vaults.get("acme", "tkt_1") is None
