"""Security as it is put together."""

import json
from pathlib import Path

import pytest

from rimedio.bootstrap.identity import HomeIdentity
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import InvalidSetting, Unauthorized
from rimedio.security.keys import KeyRing
from rimedio.security.permissions import Role
from rimedio.security.tokens import TokenIssuer, TokenRules
from rimedio.settings import Settings


def identity(folder: Path, **settings: str) -> HomeIdentity:
    return HomeIdentity(folder, Settings.model_validate(settings), FakeClock(), SeededIds())


def test_a_code_is_exchanged_for_a_token_that_counts(tmp_path: Path) -> None:
    found = identity(tmp_path)
    session = found.start_session(found.codes.make("anna", "acme", [Role.OPERATOR]))

    assert found.verifier.verify(session.token).tenant_id == session.tenant_id == "acme"
    assert session.roles == ("operator",)


def test_another_process_on_the_same_folder_knows_the_tokens(tmp_path: Path) -> None:
    token = identity(tmp_path).issuer.issue("anna", "acme", [Role.ADMIN]).token

    assert identity(tmp_path).verifier.verify(token).subject == "anna"
    with pytest.raises(Unauthorized):
        identity(tmp_path / "elsewhere").verifier.verify(token)


def test_the_settings_may_name_another_issuer(tmp_path: Path) -> None:
    clock = FakeClock()
    pool = KeyRing(tmp_path / "pool", clock)
    rules = TokenRules("https://pool.example", "client", "custom:tenant_id", "cognito:groups")
    (tmp_path / "jwks.json").write_text(json.dumps(pool.jwks()))
    token = TokenIssuer(pool, rules, clock, SeededIds()).issue("anna", "acme", [Role.ADMIN]).token

    found = identity(
        tmp_path,
        jwks=str(tmp_path / "jwks.json"),
        token_issuer="https://pool.example",
        token_audience="client",
    )

    assert found.verifier.verify(token).roles == {Role.ADMIN}


def test_keys_of_an_issuer_without_its_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="token_issuer"):
        _ = identity(tmp_path, jwks="https://pool.example/jwks.json").verifier
