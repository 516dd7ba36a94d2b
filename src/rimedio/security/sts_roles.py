"""Another role's credentials for a while: `AssumeRole`, with the code of a MFA device where a person asks.

A MFA code counts once and for moments, so credentials that were got with one are not renewed by themselves; those of
a service are, some minutes before they end. Source: AWS STS API reference, AssumeRole.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rimedio.aws import Client, translated
from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput

SERVICE = "AWS STS"
RENEWED_BEFORE = timedelta(minutes=5)
SECONDS_MIN, SECONDS_MAX = 900, 43_200
_ROLE = re.compile(r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}$")
_MFA_CODE = re.compile(r"^\d{6}$")
_SESSION = re.compile(r"^[\w+=,.@-]{2,64}$")


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """Keys that end. Never logged: `repr` shows the key's id alone."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: datetime

    def environment(self) -> Mapping[str, str]:
        """As the AWS command line and SDKs read them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """Which role, under which name, for how long. Checked when made: raises InvalidInput.

    `external_id` is what a third party agreed on with the role's owner; `source` says who is behind the session,
    and stays through further roles; `tags` become `aws:PrincipalTag/…` in policies.
    """

    role_arn: str
    session_name: str
    seconds: int = 3600
    external_id: str | None = None
    source: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _ROLE.match(self.role_arn):
            raise InvalidInput(f"{self.role_arn!r} is no role. Write arn:aws:iam::ACCOUNT:role/NAME.")
        if not _SESSION.match(self.session_name):
            raise InvalidInput(f"{self.session_name!r} is no session name: 2 to 64 letters, digits, +=,.@-")
        if not SECONDS_MIN <= self.seconds <= SECONDS_MAX:
            raise InvalidInput(
                f"A session of {self.seconds} s is not allowed; {SECONDS_MIN} to {SECONDS_MAX} are."
            )


def assume_role(client: Client, request: RoleRequest) -> RoleCredentials:
    """The role's credentials. Raises Forbidden when its trust policy says no, Unavailable."""
    return _assumed(client, request, {})


def assume_role_with_mfa(client: Client, request: RoleRequest, device_arn: str, code: str) -> RoleCredentials:
    """The role's credentials for a person who shows a MFA code. Raises InvalidInput, Forbidden, Unavailable."""
    if not _MFA_CODE.match(code):
        raise InvalidInput("A MFA code has six digits. Read it from the device again.")
    if ":mfa/" not in device_arn:
        raise InvalidInput(f"{device_arn!r} is no MFA device. Write arn:aws:iam::ACCOUNT:mfa/NAME.")
    return _assumed(client, request, {"SerialNumber": device_arn, "TokenCode": code})


def _assumed(client: Client, request: RoleRequest, mfa: Mapping[str, str]) -> RoleCredentials:
    given: dict[str, Any] = {
        "RoleArn": request.role_arn,
        "RoleSessionName": request.session_name,
        "DurationSeconds": request.seconds,
        **mfa,
    }
    if request.external_id is not None:
        given["ExternalId"] = request.external_id
    if request.source is not None:
        given["SourceIdentity"] = request.source
    if request.tags:
        given["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(request.tags.items())]
    with translated(SERVICE, f"assuming the role {request.role_arn}", InvalidInput):
        found = client.assume_role(**given)["Credentials"]
    return RoleCredentials(
        found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], found["Expiration"]
    )


class RoleSession:
    """A role that a service works in: its credentials, renewed in time. Thread-safe."""

    def __init__(self, client: Client, request: RoleRequest, clock: Clock) -> None:
        self._client = client
        self._request = request
        self._clock = clock
        self._lock = threading.Lock()
        self._held: RoleCredentials | None = None

    def credentials(self) -> RoleCredentials:
        """Credentials that live for minutes at least. Raises Forbidden, Unavailable."""
        with self._lock:
            held = self._held
            if held is None or held.expires_at - self._clock.now() < RENEWED_BEFORE:
                held = self._held = assume_role(self._client, self._request)
            return held
