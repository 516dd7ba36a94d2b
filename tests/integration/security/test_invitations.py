"""Signing in to the console on AWS: an invitation becomes a token that the authorizer reads (secret in moto)."""

from datetime import UTC, datetime

import pytest

from rimedio.aws import AwsConnections
from rimedio.bootstrap.aws_identity import AwsIdentity
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import InvalidSetting, Unauthorized
from rimedio.security.permissions import Role
from rimedio.security.secrets_keys import EMPTY, next_key_set
from rimedio.settings import Settings
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable


def test_an_invitation_becomes_a_token_that_the_authorizer_reads(connections: AwsConnections) -> None:
    clock = FakeClock(datetime(2026, 11, 1, tzinfo=UTC))
    secret = "rimedio-invitations"
    connections.client("secretsmanager").create_secret(
        Name=secret, SecretString=next_key_set(EMPTY, clock.now())
    )
    database = Database(None)
    table = SqliteTable(database, clock)
    identity = AwsIdentity(
        connections, Settings(token_keys_secret=secret), clock, SeededIds(1), table=lambda: table
    )
    code = identity.codes.make("anna", "acme", [Role.ADMIN])

    session = identity.start_session(code, "10.0.0.1")

    principal = identity.verifier.verify(session.token)
    assert (principal.subject, principal.tenant_id, principal.roles) == ("anna", "acme", {Role.ADMIN})
    with pytest.raises(Unauthorized):
        identity.start_session(code, "10.0.0.1")
    database.close()


def test_without_a_table_nobody_is_invited(connections: AwsConnections) -> None:
    identity = AwsIdentity(connections, Settings(token_keys_secret="some-secret"))
    with pytest.raises(InvalidSetting, match="no table"):
        identity.start_session("7K2M-Q0XW-93HB")
