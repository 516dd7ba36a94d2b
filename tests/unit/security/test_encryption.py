"""Envelope encryption."""

import stat
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput, StorageFailed
from rimedio.security.encryption import REUSE_MESSAGES_MAX, EnvelopeCipher, is_sealed
from rimedio.security.master_keys import FILE, DataKey, LocalKeyService

CONTEXT = {"tenant_id": "acme", "purpose": "vault", "ticket": "tkt_1"}
TEXT = b"Mario Rossi"


class CountedService(LocalKeyService):
    """Counts the data keys it was asked for."""

    made = 0

    def generate_data_key(self, context: dict[str, str]) -> DataKey:
        self.made += 1
        return super().generate_data_key(context)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def service(tmp_path: Path, clock: FakeClock) -> CountedService:
    return CountedService(tmp_path, clock)


@pytest.fixture
def cipher(service: CountedService, clock: FakeClock) -> EnvelopeCipher:
    return EnvelopeCipher(service, clock)


def test_what_was_sealed_opens_with_the_same_context(cipher: EnvelopeCipher) -> None:
    sealed = cipher.encrypt_with_kms(TEXT, CONTEXT)

    assert is_sealed(sealed)
    assert TEXT not in sealed
    assert cipher.decrypt(sealed, dict(reversed(CONTEXT.items()))) == TEXT


@pytest.mark.parametrize(
    "change", [{"tenant_id": "other"}, {"ticket": "tkt_2"}, {"purpose": "webhook"}, {"x": "y"}]
)
def test_a_value_moved_elsewhere_does_not_open(cipher: EnvelopeCipher, change: dict[str, str]) -> None:
    sealed = cipher.encrypt_with_kms(TEXT, CONTEXT)

    with pytest.raises(StorageFailed):
        cipher.decrypt(sealed, CONTEXT | change)


def test_every_changed_byte_is_noticed(cipher: EnvelopeCipher) -> None:
    sealed = cipher.encrypt_with_kms(TEXT, CONTEXT)

    for place in range(len(sealed)):
        with pytest.raises(StorageFailed):
            cipher.decrypt(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], CONTEXT)
    for cut in range(len(sealed)):
        with pytest.raises(StorageFailed):
            cipher.decrypt(sealed[:cut], CONTEXT)


def test_the_same_text_is_never_sealed_alike(cipher: EnvelopeCipher) -> None:
    assert len({cipher.encrypt_with_kms(TEXT, CONTEXT) for _ in range(50)}) == 50


def test_another_process_opens_it_and_a_stranger_does_not(
    cipher: EnvelopeCipher, tmp_path: Path, clock: FakeClock
) -> None:
    sealed = cipher.encrypt_with_kms(TEXT, CONTEXT)

    assert EnvelopeCipher(LocalKeyService(tmp_path, clock), clock).decrypt(sealed, CONTEXT) == TEXT
    with pytest.raises(StorageFailed, match="master key"):
        EnvelopeCipher(LocalKeyService(tmp_path / "other", clock), clock).decrypt(sealed, CONTEXT)


def test_a_rotation_keeps_old_values_readable_and_wraps_new_ones_anew(
    cipher: EnvelopeCipher, service: CountedService, tmp_path: Path
) -> None:
    old = cipher.encrypt_with_kms(TEXT, CONTEXT)
    key_id = service.rotate()
    cipher.forget_keys()
    new = cipher.reencrypt(old, CONTEXT)

    assert cipher.decrypt(old, CONTEXT) == cipher.decrypt(new, CONTEXT) == TEXT
    assert key_id.encode() in new
    assert key_id.encode() not in old
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_data_key_serves_one_tenant_for_a_while(
    cipher: EnvelopeCipher, service: CountedService, clock: FakeClock
) -> None:
    for _ in range(REUSE_MESSAGES_MAX):
        cipher.encrypt_with_kms(TEXT, CONTEXT)
    assert service.made == 1
    cipher.encrypt_with_kms(TEXT, CONTEXT)
    assert service.made == 2
    cipher.encrypt_with_kms(TEXT, {"tenant_id": "other"})
    assert service.made == 3
    clock.advance(301)
    cipher.encrypt_with_kms(TEXT, CONTEXT)
    assert service.made == 4


def test_a_context_without_a_tenant_is_refused(cipher: EnvelopeCipher) -> None:
    with pytest.raises(InvalidInput):
        cipher.encrypt_with_kms(TEXT, {"purpose": "vault"})


def test_a_damaged_master_key_file_is_named(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / FILE).write_text('{"current": "a", "keys": {}}')

    with pytest.raises(StorageFailed, match="damaged"):
        LocalKeyService(tmp_path, clock).generate_data_key({"tenant_id": "acme"})
