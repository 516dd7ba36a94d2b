"""Key pairs: made once, shared between processes, rotated."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import StorageFailed
from rimedio.security.keys import FILE, TOKEN_LIFE_MAX, KeyRing


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path, clock: FakeClock) -> None:
    first = KeyRing(tmp_path / "keys", clock).current()
    again = KeyRing(tmp_path / "keys", clock).current()

    assert again.kid == first.kid
    assert stat.S_IMODE((tmp_path / "keys" / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_the_published_set_has_public_halves_only(tmp_path: Path, clock: FakeClock) -> None:
    ring = KeyRing(tmp_path, clock)
    keys = ring.jwks()["keys"]

    assert [set(key) for key in keys] == [{"kty", "use", "alg", "kid", "n", "e"}]
    assert keys[0]["kid"] == ring.current().kid


def test_a_retired_key_is_known_as_long_as_its_tokens_may_live(tmp_path: Path, clock: FakeClock) -> None:
    ring = KeyRing(tmp_path, clock)
    old = ring.current()
    new = ring.rotate()

    assert ring.current().kid == new.kid != old.kid
    assert ring.public_key(old.kid) is not None
    assert len(ring.jwks()["keys"]) == 2
    clock.advance(TOKEN_LIFE_MAX.total_seconds())
    assert ring.public_key(old.kid) is None
    assert len(ring.jwks()["keys"]) == 1


def test_after_a_theft_the_old_key_is_forgotten_at_once(tmp_path: Path, clock: FakeClock) -> None:
    ring = KeyRing(tmp_path, clock)
    old = ring.current()
    ring.rotate(forget_old=True)

    assert ring.public_key(old.kid) is None


def test_another_process_rotates_and_this_one_notices(tmp_path: Path, clock: FakeClock) -> None:
    here, there = KeyRing(tmp_path, clock), KeyRing(tmp_path, clock)
    here.current()
    new = there.rotate()
    clock.advance(2)

    assert here.current().kid == new.kid


def test_a_token_signed_with_a_key_made_this_moment_elsewhere_is_known_at_once(
    tmp_path: Path, clock: FakeClock
) -> None:
    here, there = KeyRing(tmp_path, clock), KeyRing(tmp_path, clock)
    here.current()

    assert here.public_key(there.rotate().kid) is not None


def test_a_key_is_changed_when_it_is_old_and_not_before(tmp_path: Path, clock: FakeClock) -> None:
    ring, month = KeyRing(tmp_path, clock), timedelta(days=30)
    first = ring.current()
    assert not ring.rotate_when_older(month)
    clock.advance(month.total_seconds() + 1)

    assert ring.rotate_when_older(month)
    assert not ring.rotate_when_older(month)
    assert ring.current().kid != first.kid
    assert ring.public_key(first.kid) is not None


def test_a_damaged_file_is_named(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / FILE).write_text("{}")

    with pytest.raises(StorageFailed, match="damaged"):
        KeyRing(tmp_path, clock).current()


def test_rotation_keeps_the_time_a_key_was_first_retired(tmp_path: Path, clock: FakeClock) -> None:
    ring = KeyRing(tmp_path, clock)
    old = ring.current()
    ring.rotate()
    clock.advance(timedelta(days=60).total_seconds())
    ring.rotate()
    clock.advance(timedelta(days=31).total_seconds())

    assert ring.public_key(old.kid) is None
