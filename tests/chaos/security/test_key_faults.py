"""KMS and Cognito under faults: what fails says so, what is held goes on working."""

from collections.abc import Iterator

import pytest

from rimedio.aws import AwsConnections
from rimedio.aws.faults import Denied, Faults, NoConnection, Refusal, ServerError, Throttle, Timeout
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Forbidden, StorageFailed, Throttled, Unavailable
from rimedio.security.encryption import EnvelopeCipher
from rimedio.security.kms_keys import KmsKeyService

CONTEXT = {"tenant_id": "acme", "purpose": "test", "id": "1"}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits up to seconds between its tries."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def service(connections, moto_endpoint, faults) -> Iterator[KmsKeyService]:
    made = AwsConnections(connections.region, {"*": moto_endpoint}, prepare=faults.attach)
    key = connections.client("kms").create_key()["KeyMetadata"]["Arn"]
    yield KmsKeyService(made.client("kms"), key)
    made.close()


@pytest.mark.parametrize("fault", [Throttle(), ServerError(), Timeout(), NoConnection()], ids=str)
def test_a_fault_that_passes_is_not_seen(service, faults, fault) -> None:
    faults.on("kms", "GenerateDataKey", fault, calls=(1, 2)).on("kms", "Decrypt", fault, calls=(1, 2))
    made = service.generate_data_key(CONTEXT)
    assert service.unwrap(made.wrapped, CONTEXT) == made.plain
    assert faults.count("kms", "Decrypt") == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Throttle(), Throttled),
        (ServerError(), Unavailable),
        (Timeout(), Unavailable),
        (Denied(), Forbidden),
        (Refusal("DisabledException"), StorageFailed),
        (Refusal("InvalidCiphertextException"), StorageFailed),
        (Refusal("IncorrectKeyException"), StorageFailed),
    ],
    ids=str,
)
def test_a_fault_that_stays_says_what_it_is(service, faults, fault, error) -> None:
    made = service.generate_data_key(CONTEXT)
    faults.on("kms", "Decrypt", fault)
    with pytest.raises(error):
        service.unwrap(made.wrapped, CONTEXT)


def test_what_was_opened_a_moment_ago_opens_while_kms_is_down(service, faults) -> None:
    cipher = EnvelopeCipher(service, FakeClock())
    sealed = cipher.encrypt_with_kms(b"secret", CONTEXT)
    assert cipher.decrypt(sealed, CONTEXT) == b"secret"
    faults.on("kms", "*", NoConnection())
    assert cipher.decrypt(sealed, CONTEXT) == b"secret"
    assert cipher.decrypt(cipher.encrypt_with_kms(b"more", CONTEXT), CONTEXT) == b"more"
    with pytest.raises(Unavailable):
        EnvelopeCipher(service, FakeClock()).decrypt(sealed, CONTEXT)
