"""What every service that wraps data keys must do: the file at home, KMS on AWS, the fake of tests."""

from pathlib import Path

import pytest

from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import StorageFailed
from rimedio.security.encryption import EnvelopeCipher
from rimedio.security.fake_key_service import FakeKeyService
from rimedio.security.kms_keys import KmsKeyService
from rimedio.security.master_keys import KeyService, LocalKeyService

ACME, OTHER = {"tenant_id": "acme"}, {"tenant_id": "other"}


def kms(connections: AwsConnections) -> KmsKeyService:
    client = connections.client("kms")
    return KmsKeyService(client, client.create_key(Description="rimedio")["KeyMetadata"]["Arn"])


@pytest.fixture(params=["fake", "file", "kms"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> KeyService:
    if request.param == "fake":
        return FakeKeyService()
    if request.param == "file":
        return LocalKeyService(tmp_path, FakeClock())
    return kms(request.getfixturevalue("connections"))


def test_a_data_key_is_unwrapped_in_its_context(service) -> None:
    made = service.generate_data_key(ACME)
    assert len(made.plain) == 32
    assert made.plain not in made.wrapped
    assert service.unwrap(made.wrapped, ACME) == made.plain


def test_every_data_key_is_another(service) -> None:
    made = [service.generate_data_key(ACME) for _ in range(3)]
    assert len({key.plain for key in made}) == len({key.wrapped for key in made}) == 3


def test_in_another_context_it_does_not_open(service) -> None:
    made = service.generate_data_key(ACME)
    for wrong in (OTHER, {}, ACME | {"more": "x"}):
        with pytest.raises(StorageFailed):
            service.unwrap(made.wrapped, wrong)


@pytest.mark.parametrize("harm", [lambda b: b[:-1], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda _b: b""])
def test_what_is_damaged_does_not_open(service, harm) -> None:
    made = service.generate_data_key(ACME)
    with pytest.raises(StorageFailed):
        service.unwrap(harm(made.wrapped), ACME)


def test_the_key_in_clear_never_shows_in_logs(service) -> None:
    made = service.generate_data_key(ACME)
    assert repr(made) == "DataKey(…)"


def test_a_cipher_on_it_opens_what_it_sealed_and_asks_seldom(service) -> None:
    asked = []
    counted = type("Counted", (), {"unwrap": service.unwrap})()
    counted.generate_data_key = lambda context: asked.append(context) or service.generate_data_key(context)
    cipher = EnvelopeCipher(counted, FakeClock())
    context = ACME | {"purpose": "test", "id": "1"}
    sealed = [cipher.encrypt_with_kms(b"secret", context) for _ in range(5)]
    assert [cipher.decrypt(blob, context) for blob in sealed] == [b"secret"] * 5
    assert asked == [ACME]
    with pytest.raises(StorageFailed):
        cipher.decrypt(sealed[0], context | {"id": "2"})
    with pytest.raises(StorageFailed):
        cipher.decrypt(sealed[0], OTHER | {"purpose": "test", "id": "1"})


def test_kms_is_told_which_key_must_have_wrapped(connections) -> None:
    """moto opens it with any key of the account; the service itself refuses where the key differs."""
    client = connections.client("kms")
    key = client.create_key()["KeyMetadata"]["Arn"]
    asked = []
    client.meta.events.register("provide-client-params.kms.Decrypt", lambda params, **_: asked.append(params))
    made = KmsKeyService(client, key).generate_data_key(ACME)
    KmsKeyService(client, key).unwrap(made.wrapped, ACME)
    assert asked[-1]["KeyId"] == key
    assert asked[-1]["EncryptionContext"] == ACME


def test_a_key_of_kms_that_is_not_there_is_named(connections) -> None:
    missing = KmsKeyService(connections.client("kms"), "alias/nothing")
    with pytest.raises(StorageFailed, match="alias/nothing"):
        missing.generate_data_key(ACME)
