"""Roles assumed and groups read, on moto."""

from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.security.security_groups import audit_security_groups
from rimedio.security.security_groups_ec2 import groups_of_account
from rimedio.security.sts_roles import RoleRequest, RoleSession, assume_role, assume_role_with_mfa

ROLE = "arn:aws:iam::123456789012:role/auditor"
DEVICE = "arn:aws:iam::123456789012:mfa/ada"


def test_a_role_is_assumed_with_a_mfa_code(connections) -> None:
    client, asked = connections.client("sts"), []
    client.meta.events.register(
        "provide-client-params.sts.AssumeRole", lambda params, **_: asked.append(params)
    )
    request = RoleRequest(
        ROLE, "ada", seconds=900, external_id="agreed", source="ada", tags={"tenant": "acme"}
    )
    found = assume_role_with_mfa(client, request, DEVICE, "123456")
    assert (asked[0]["SerialNumber"], asked[0]["TokenCode"]) == (DEVICE, "123456")
    assert asked[0]["Tags"] == [{"Key": "tenant", "Value": "acme"}]
    assert set(found.environment()) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    assert found.secret_key not in repr(found)
    assert found.session_token not in repr(found)


@pytest.mark.parametrize("code", ["12345", "abcdef", "1234567", ""])
def test_what_is_no_mfa_code_is_never_sent(connections, code) -> None:
    with pytest.raises(InvalidInput, match="six digits"):
        assume_role_with_mfa(connections.client("sts"), RoleRequest(ROLE, "ada"), DEVICE, code)


@pytest.mark.parametrize(
    "wrong",
    [{"role_arn": "auditor"}, {"session_name": "a b"}, {"seconds": 60}, {"seconds": 99_999}],
    ids=str,
)
def test_a_request_that_sts_would_refuse_is_not_made(wrong) -> None:
    with pytest.raises(InvalidInput):
        RoleRequest(**({"role_arn": ROLE, "session_name": "ada"} | wrong))


def test_a_session_of_a_service_is_renewed_before_it_ends(connections) -> None:
    client = connections.client("sts")
    first = assume_role(client, RoleRequest(ROLE, "service", seconds=900))
    clock = FakeClock(datetime.now(UTC))
    session = RoleSession(client, RoleRequest(ROLE, "service", seconds=900), clock)
    held = session.credentials()
    assert session.credentials() is held
    clock.advance((held.expires_at - clock.now() - timedelta(minutes=4)).total_seconds())
    assert session.credentials() is not held
    assert first.access_key.startswith("ASIA")


def test_groups_of_an_account_are_read_with_what_uses_them(connections) -> None:
    ec2 = connections.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_security_group(GroupName="open", Description="open", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=made,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        ],
    )
    found = [f.code for f in audit_security_groups(groups_of_account(ec2)) if f.group_id == made]
    assert sorted(found) == ["EGRESS_ALL", "SENSITIVE_PORT_OPEN", "UNUSED"]
