"""Rotation of a secret in the four steps that Secrets Manager asks for, each of which may come twice.

createSecret   a new value, staged AWSPENDING; a second call finds it there
setSecret      tell it to whoever must know it before it counts
testSecret     prove that it works
finishSecret   move AWSCURRENT to it; Secrets Manager stages the old one AWSPREVIOUS

Source: AWS Secrets Manager User Guide, "Lambda rotation functions". Nothing is logged but ids of versions.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rimedio.aws import Client, translated
from rimedio.domain.errors import Conflict, InvalidInput, NotFound
from rimedio.security.secrets_reader import CURRENT, PENDING, SERVICE, read_secret

_log = logging.getLogger(__name__)


class Step(StrEnum):
    """The steps, as they stand in the event."""

    CREATE = "createSecret"
    SET = "setSecret"
    TEST = "testSecret"
    FINISH = "finishSecret"


@dataclass(frozen=True, slots=True)
class Rotatable:
    """A kind of secret: how its next value is made, told and proved.

    `next_value` gets the current value. `test` raises a RimedioError when the new one does not work.
    """

    next_value: Callable[[str], str]
    test: Callable[[str], None]
    tell: Callable[[str], None] = lambda _value: None


@dataclass(frozen=True, slots=True)
class SecretRotation:
    """The rotation function for the secrets it knows: names or ARNs to what they are."""

    client: Client
    kinds: Mapping[str, Rotatable]

    def handle(self, event: Mapping[str, object]) -> None:
        """One step. Raises InvalidInput for an event that nobody should have sent, Conflict, NotFound."""
        secret, token = str(event.get("SecretId") or ""), str(event.get("ClientRequestToken") or "")
        try:
            step = Step(str(event.get("Step")))
        except ValueError:
            raise InvalidInput(f"{event.get('Step')!r} is no step of a rotation.") from None
        kind = self._kind(secret)
        if self._current_is(secret, token):
            _log.info("version %s of %s is current already", token, secret)
            return
        _log.info("%s of version %s of %s", step, token, secret)
        if step is Step.CREATE:
            self._create(secret, token, kind)
        elif step is Step.SET:
            kind.tell(self._pending(secret, token))
        elif step is Step.TEST:
            kind.test(self._pending(secret, token))
        else:
            self._finish(secret, token)

    def _kind(self, secret: str) -> Rotatable:
        for name, kind in self.kinds.items():
            # An ARN ends in the name, a hyphen and six random characters.
            if secret == name or secret.rpartition(":secret:")[2][:-7] == name:
                return kind
        raise InvalidInput(f"This function does not rotate the secret {secret!r}. It knows {[*self.kinds]}.")

    def _current_is(self, secret: str, token: str) -> bool:
        """Whether the version is current. Raises Conflict when it is not being rotated at all."""
        with translated(SERVICE, f"describing the secret {secret}"):
            stages = self.client.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
        if CURRENT in stages.get(token, ()):
            return True
        if token not in stages or PENDING not in stages[token]:
            raise Conflict(
                f"The version {token} of {secret} is not staged for rotation. Start the rotation again."
            )
        return False

    def _pending(self, secret: str, token: str) -> str:
        return read_secret(self.client, secret, PENDING, token).text

    def _create(self, secret: str, token: str, kind: Rotatable) -> None:
        try:
            self._pending(secret, token)
        except NotFound:
            value = kind.next_value(read_secret(self.client, secret, CURRENT).text)
            with translated(SERVICE, "writing a new version", Conflict):
                self.client.put_secret_value(
                    SecretId=secret, ClientRequestToken=token, SecretString=value, VersionStages=[PENDING]
                )

    def _finish(self, secret: str, token: str) -> None:
        with translated(SERVICE, "finishing a rotation", Conflict):
            stages = self.client.describe_secret(SecretId=secret)["VersionIdsToStages"]
            old = next((version for version, names in stages.items() if CURRENT in names), None)
            more = {} if old is None else {"RemoveFromVersionId": old}
            self.client.update_secret_version_stage(
                SecretId=secret, VersionStage=CURRENT, MoveToVersionId=token, **more
            )
