"""One-time codes."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import RimedioError, Throttled, Unauthorized
from rimedio.security.permissions import Role
from rimedio.security.sign_in import ALPHABET, SignInCodes


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def codes(tmp_path: Path, clock: FakeClock) -> SignInCodes:
    return SignInCodes(tmp_path / "sign-in", clock)


def test_a_code_signs_in_once(codes: SignInCodes) -> None:
    code = codes.make("anna", "acme", [Role.OPERATOR])

    found = codes.redeem(code)

    assert (found.subject, found.tenant_id, found.roles) == ("anna", "acme", {Role.OPERATOR})
    with pytest.raises(Unauthorized, match="used already"):
        codes.redeem(code)


def test_a_code_made_by_another_process_works_here(tmp_path: Path, clock: FakeClock) -> None:
    code = SignInCodes(tmp_path, clock).make("anna", "acme", [Role.ADMIN])

    assert SignInCodes(tmp_path, clock).redeem(code).roles == {Role.ADMIN}


def test_a_person_may_type_it_carelessly(codes: SignInCodes) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])

    typed = f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "

    assert codes.redeem(typed).subject == "anna"


def test_a_code_dies_after_fifteen_minutes(codes: SignInCodes, clock: FakeClock) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])
    clock.advance(15 * 60)

    with pytest.raises(Unauthorized):
        codes.redeem(code)


def test_the_folder_shows_no_code_and_only_its_owner_reads_it(codes: SignInCodes, tmp_path: Path) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])

    (file,) = (path for path in (tmp_path / "sign-in").iterdir() if path.suffix == ".code")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert code.replace("-", "") not in file.name.upper() + file.read_text().upper()


def test_codes_that_nobody_used_are_forgotten(tmp_path: Path, codes: SignInCodes, clock: FakeClock) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])
    (file,) = (tmp_path / "sign-in").glob("*.code")
    now = clock.now().timestamp()
    os.utime(file, (now, now))
    assert codes.sweep() == 0
    clock.advance(15 * 60 + 1)

    assert codes.sweep() == 1
    with pytest.raises(Unauthorized):
        codes.redeem(code)


def test_of_many_who_try_at_once_one_wins(codes: SignInCodes) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])

    def attempt(number: int) -> bool:
        try:
            codes.redeem(code, f"10.0.0.{number}")
        except RimedioError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(32))) == 1


def test_guessing_is_stopped_for_the_one_who_guesses(codes: SignInCodes, clock: FakeClock) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])
    for _ in range(10):
        with pytest.raises(Unauthorized):
            codes.redeem("WRONG", "10.0.0.1")

    with pytest.raises(Throttled):
        codes.redeem(code, "10.0.0.1")
    assert codes.redeem(code, "10.0.0.2").subject == "anna"
    clock.advance(15 * 60 + 1)
    with pytest.raises(Unauthorized):
        codes.redeem("WRONG", "10.0.0.1")


@pytest.mark.parametrize("code", ["", "../../etc/passwd", "\x00", "é" * 100, "\ud800", "A" * 10_000])
def test_whatever_is_typed_is_only_a_wrong_code(codes: SignInCodes, code: str) -> None:
    with pytest.raises(Unauthorized):
        codes.redeem(code)


def test_codes_are_long_and_have_no_letters_that_look_alike(codes: SignInCodes) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])

    assert len(code.replace("-", "")) >= 10
    assert set(code) <= set(ALPHABET) | {"-"}
    assert not set("ILOU") & set(ALPHABET)
