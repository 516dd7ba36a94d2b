"""Secrets on Secrets Manager (moto): rotation in four steps, and those who read meanwhile."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.aws import AwsConnections
from rimedio.aws.faults import Faults, ServerError, Throttle, Timeout
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Conflict, InvalidInput, NotFound, StorageFailed, Unauthorized, Unavailable
from rimedio.security.keys import keys_of_document
from rimedio.security.permissions import Role
from rimedio.security.secrets_keys import EMPTY, SecretKeyRing, check_key_set, token_keys
from rimedio.security.secrets_reader import SecretReader, read_secret
from rimedio.security.secrets_rotation import Rotatable, SecretRotation, Step
from rimedio.security.tokens import TokenIssuer, TokenRules, TokenVerifier

STEPS = tuple(Step)


class Vault:
    """A secret in moto, and a rotation that is started as Secrets Manager starts it."""

    def __init__(self, connections: AwsConnections, name: str, value: str = EMPTY) -> None:
        self.client = connections.client("secretsmanager")
        self.arn = self.client.create_secret(Name=name, SecretString=value)["ARN"]
        self.name = name
        self.versions = 0

    def start(self) -> str:
        """Stage an empty pending version, as RotateSecret does before it calls the function."""
        self.versions += 1
        token = f"00000000-0000-4000-8000-{self.versions:012}"
        # moto wants a function that exists for RotateSecret; a version with the label is what it would leave.
        stages = self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        assert token not in stages
        return token

    def rotate(self, rotation: SecretRotation, *, twice: bool = False) -> str:
        token = self.start()
        _stage(self.client, self.arn, token)
        for step in STEPS:
            for _ in range(2 if twice else 1):
                rotation.handle({"Step": step.value, "SecretId": self.arn, "ClientRequestToken": token})
        return token

    def current(self) -> str:
        return read_secret(self.client, self.arn, "AWSCURRENT").text


class Staged:
    """Secrets Manager's client, but for one thing that moto lacks: a pending version without a value."""

    def __init__(self, client) -> None:
        self._client = client
        self.pending: set[str] = set()

    def __getattr__(self, name: str):
        return getattr(self._client, name)

    def describe_secret(self, **given):
        found = self._client.describe_secret(**given)
        for token in self.pending:
            found["VersionIdsToStages"].setdefault(token, ["AWSPENDING"])
        return found


def _stage(client: Staged, arn: str, token: str) -> None:
    client.pending.add(token)


@pytest.fixture
def vault(connections, request) -> Vault:
    made = Vault(connections, f"keys-{abs(hash(request.node.name))}")
    made.client = Staged(made.client)
    return made


def rotation_of(vault: Vault, clock: FakeClock) -> SecretRotation:
    return SecretRotation(vault.client, {vault.name: token_keys(clock)})


def test_a_rotation_makes_a_new_signing_key_and_keeps_the_old_ones_tokens_alive(vault) -> None:
    clock = FakeClock(datetime(2026, 11, 23, tzinfo=UTC))
    rotation = rotation_of(vault, clock)
    ring = SecretKeyRing(SecretReader(vault.client, vault.arn, clock), clock)
    issuer, verifier = (
        TokenIssuer(ring, TokenRules(), clock, SeededIds()),
        TokenVerifier(ring, TokenRules(), clock),
    )
    with pytest.raises(Unavailable, match="Rotate it once"):
        issuer.issue("robot", "acme", [Role.OPERATOR])
    clock.advance(60)
    vault.rotate(rotation)
    old = issuer.issue("robot", "acme", [Role.OPERATOR], life=timedelta(days=30)).token
    clock.advance(86_400)
    vault.rotate(rotation)
    clock.advance(600)
    new = issuer.issue("robot", "acme", [Role.OPERATOR], life=timedelta(days=30)).token
    assert verifier.verify(old).tenant_id == verifier.verify(new).tenant_id == "acme"
    assert len(ring.jwks()["keys"]) == 2
    clock.advance(91 * 86_400)
    with pytest.raises(Unauthorized):
        verifier.verify(old)


def test_a_verifier_that_is_a_moment_behind_looks_for_the_key_it_does_not_know(vault) -> None:
    clock = FakeClock(datetime(2026, 11, 23, tzinfo=UTC))
    rotation = rotation_of(vault, clock)
    vault.rotate(rotation)
    behind = SecretKeyRing(SecretReader(vault.client, vault.arn, clock), clock)
    behind.current()
    clock.advance(30)
    vault.rotate(rotation)
    ahead = SecretKeyRing(SecretReader(vault.client, vault.arn, clock), clock)
    token = TokenIssuer(ahead, TokenRules(), clock, SeededIds()).issue("r", "acme", [Role.OPERATOR]).token
    assert TokenVerifier(behind, TokenRules(), clock).verify(token).subject == "r"


def test_every_step_may_come_twice(vault) -> None:
    clock = FakeClock(datetime(2026, 11, 23, tzinfo=UTC))
    rotation = rotation_of(vault, clock)
    token = vault.rotate(rotation, twice=True)
    first = vault.current()
    assert len(json.loads(first)["keys"]) == 1
    for step in STEPS:  # and once more after the end
        rotation.handle({"Step": step.value, "SecretId": vault.arn, "ClientRequestToken": token})
    assert vault.current() == first
    vault.rotate(rotation)
    assert len(json.loads(vault.current())["keys"]) == 2
    assert read_secret(vault.client, vault.arn, "AWSPREVIOUS").text == first
    assert SecretReader(vault.client, vault.arn, clock).previous().text == first


def test_a_value_that_fails_its_test_never_becomes_current(vault) -> None:
    def refuse(_value: str) -> None:
        raise StorageFailed("it does not work")

    rotation = SecretRotation(vault.client, {vault.name: Rotatable(lambda _old: "worse", refuse)})
    with pytest.raises(StorageFailed):
        vault.rotate(rotation)
    assert vault.current() == EMPTY


def test_what_is_told_is_the_pending_value_before_its_test(vault) -> None:
    seen = []
    kind = Rotatable(
        lambda old: old + "!", lambda v: seen.append(("test", v)), lambda v: seen.append(("tell", v))
    )
    vault.rotate(SecretRotation(vault.client, {vault.name: kind}))
    assert seen == [("tell", EMPTY + "!"), ("test", EMPTY + "!")]
    assert vault.current() == EMPTY + "!"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"Step": "stealSecret"}, InvalidInput),
        ({"SecretId": "arn:aws:secretsmanager:eu-south-1:1:secret:other-AbCdEf"}, InvalidInput),
        ({"ClientRequestToken": "00000000-0000-4000-8000-999999999999"}, Conflict),
    ],
)
def test_an_event_that_nobody_should_have_sent_is_refused(vault, change, error) -> None:
    token = vault.start()
    _stage(vault.client, vault.arn, token)
    event = {"Step": "createSecret", "SecretId": vault.arn, "ClientRequestToken": token} | change
    with pytest.raises(error):
        rotation_of(vault, FakeClock()).handle(event)
    assert vault.current() == EMPTY


def test_a_key_set_must_have_one_key_that_signs() -> None:
    with pytest.raises(InvalidInput):
        check_key_set(EMPTY)
    with pytest.raises(StorageFailed):
        check_key_set("nonsense")
    kind = token_keys(FakeClock())
    once = kind.next_value(EMPTY)
    kind.test(once)
    assert [key.retired_at for key in keys_of_document(once.encode(), "test")] == [None]


def test_a_secret_that_is_not_there_is_not_found(connections) -> None:
    reader = SecretReader(connections.client("secretsmanager"), "nothing", FakeClock())
    with pytest.raises(NotFound):
        reader.current()


@pytest.mark.parametrize("fault", [Throttle(), ServerError(), Timeout()], ids=["throttled", "500", "timeout"])
def test_an_outage_shorter_than_what_is_kept_goes_unnoticed(connections, moto_endpoint, fault) -> None:
    faults = Faults().on("secretsmanager", "GetSecretValue", fault, calls=range(2, 60))
    broken = AwsConnections(connections.region, {"*": moto_endpoint}, prepare=faults.attach)
    try:
        name = f"held-{type(fault).__name__}"
        connections.client("secretsmanager").create_secret(Name=name, SecretString="value")
        clock = FakeClock()
        reader = SecretReader(broken.client("secretsmanager", attempts=1), name, clock)
        assert reader.current().text == "value"
        clock.advance(3600)
        assert reader.current().text == "value"
        fresh = SecretReader(broken.client("secretsmanager", attempts=1), name, clock)
        with pytest.raises(Unavailable):
            fresh.current()
    finally:
        broken.close()
