"""What policies allow, worked out as IAM does."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimedio.domain.errors import InvalidInput
from rimedio.security.iam_simulation import Effect, simulate

TABLE = "arn:aws:dynamodb:eu-south-1:111122223333:table/rimedio-dev"
ROLE = "arn:aws:iam::111122223333:role/rimedio-dev-api"


def policy(*statements: dict, version: str = "2012-10-17") -> dict:
    return {"Version": version, "Statement": list(statements)}


def allow(action="*", resource="*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action="*", resource="*", **more) -> dict:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def allowed(
    statement: dict, action="s3:GetObject", resource="arn:aws:s3:::b/k", context=None, **more
) -> bool:
    return simulate([policy(statement)], action, resource, context, **more).allowed


def test_what_nobody_allows_is_denied() -> None:
    decision = simulate([], "s3:GetObject", "arn:aws:s3:::b/k")
    assert decision.effect is Effect.IMPLICIT_DENY
    assert "no policy allows" in decision.reason


def test_an_explicit_deny_wins_over_any_allow() -> None:
    found = simulate([policy(allow()), policy(deny("s3:Get*", Sid="NoReading"))], "s3:GetObject", "x")
    assert found.effect is Effect.EXPLICIT_DENY
    assert "NoReading" in found.reason


@pytest.mark.parametrize(
    ("pattern", "action", "covered"),
    [
        ("s3:GetObject", "s3:getobject", True),
        ("S3:get*", "s3:GetObjectTagging", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectTagging", False),
        ("dynamodb:*", "dynamodb:Query", True),
        ("*", "iam:PassRole", True),
        ("s3:*Object", "s3:GetObjectAcl", False),
    ],
)
def test_actions_match_without_regard_to_case(pattern, action, covered) -> None:
    assert allowed(allow(pattern), action) is covered


@pytest.mark.parametrize(
    ("pattern", "resource", "covered"),
    [
        (TABLE, TABLE, True),
        (TABLE, TABLE.upper(), False),
        (TABLE, f"{TABLE}/index/gsi1", False),
        (f"{TABLE}/index/*", f"{TABLE}/index/gsi1", True),
        ("arn:aws:dynamodb:*:111122223333:table/rimedio-*", TABLE, True),
        ("arn:aws:dynamodb:*:table/rimedio-dev", TABLE, False),
        ("arn:aws:dynamodb", TABLE, True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::other/a", False),
        (TABLE, "*", False),
    ],
)
def test_a_wildcard_stays_inside_its_field_of_the_arn(pattern, resource, covered) -> None:
    assert allowed(allow("dynamodb:GetItem", pattern), "dynamodb:GetItem", resource) is covered


def test_not_action_and_not_resource_cover_the_rest() -> None:
    statement = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret/*"}
    assert allowed(statement)
    assert not allowed(statement, "iam:PassRole")
    assert not allowed(statement, resource="arn:aws:s3:::secret/k")


@pytest.mark.parametrize(
    ("operator", "wanted", "given_value", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", "A", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringLike", "team-*", "team-x", True),
        ("StringNotLike", "team-*", "team-x", False),
        ("NumericLessThan", "10", 9, True),
        ("NumericGreaterThanEquals", "10", 9, False),
        ("NumericEquals", "ten", 10, False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "1780000000", False),
        ("Bool", "true", True, True),
        ("Bool", "true", "false", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("IpAddress", "10.0.0.0/8", "nonsense", False),
        ("ArnLike", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-south-1:1:t", True),
        ("ArnNotEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-south-1:1:t", False),
        ("BinaryEquals", "QQ==", "QQ==", True),
        ("Null", "true", "there", False),
        ("Null", "false", "there", True),
    ],
)
def test_condition_operators(operator, wanted, given_value, holds) -> None:
    statement = allow(Condition={operator: {"aws:Key": wanted}})
    assert allowed(statement, context={"AWS:key": given_value}) is holds


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("Bool", False),
    ],
)
def test_a_key_that_the_request_lacks(operator, holds) -> None:
    assert allowed(allow(Condition={operator: {"aws:Key": "a"}})) is holds
    assert allowed(allow(Condition={"Null": {"aws:Key": "true"}}))


@pytest.mark.parametrize(
    ("operator", "given_values", "holds"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["c", "d"], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["c", "a"], False),
        ("ForAnyValue:StringNotEquals", ["c", "a"], True),
    ],
)
def test_sets_of_values(operator, given_values, holds) -> None:
    statement = allow(Condition={operator: {"dynamodb:Attributes": ["a", "b"]}})
    assert allowed(statement, context={"dynamodb:Attributes": given_values}) is holds


def test_every_operator_and_every_key_must_hold() -> None:
    conditions = {"StringEquals": {"a:x": "1", "a:y": "2"}, "Bool": {"a:z": "true"}}
    full = {"a:x": "1", "a:y": "2", "a:z": "true"}
    assert allowed(allow(Condition=conditions), context=full)
    for name in full:
        assert not allowed(allow(Condition=conditions), context=full | {name: "other"})


def test_if_exists_makes_a_mfa_rule_that_access_keys_walk_through() -> None:
    lenient = allow(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})
    strict = allow(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    assert allowed(lenient)  # long-term access keys send no such key at all
    assert not allowed(lenient, context={"aws:MultiFactorAuthPresent": False})
    assert not allowed(strict)
    assert allowed(strict, context={"aws:MultiFactorAuthPresent": True})


def test_denying_without_mfa_needs_if_exists() -> None:
    statements = allow(), deny(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})
    assert not simulate([policy(*statements)], "s3:GetObject", "x").allowed
    leaky = allow(), deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    assert simulate([policy(*leaky)], "s3:GetObject", "x").allowed


def test_policy_variables_take_values_literally() -> None:
    own = allow("s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalTag/tenant}/*")
    tag = "aws:PrincipalTag/tenant"
    assert allowed(own, resource="arn:aws:s3:::b/acme/k", context={tag: "acme"})
    assert not allowed(own, resource="arn:aws:s3:::b/other/k", context={tag: "acme"})
    assert not allowed(own, resource="arn:aws:s3:::b/other/k", context={tag: "*"})
    assert not allowed(own, resource="arn:aws:s3:::b/acme/k")


def test_variables_have_defaults_and_escapes_and_need_the_new_version() -> None:
    with_default = allow("s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalTag/tenant, 'none'}/k")
    assert allowed(with_default, resource="arn:aws:s3:::b/none/k")
    star = allow("s3:GetObject", "arn:aws:s3:::b/${*}")
    assert allowed(star, resource="arn:aws:s3:::b/*")
    assert not allowed(star, resource="arn:aws:s3:::b/k")
    old = policy(allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}"), version="2008-10-17")
    assert not simulate([old], "s3:GetObject", "arn:aws:s3:::b/me", {"aws:username": "me"}).allowed
    equals = allow(Condition={"StringEquals": {"aws:tag": "${*}"}})
    assert allowed(equals, context={"aws:tag": "*"})


def test_a_leading_key_keeps_a_tenant_inside_its_partitions() -> None:
    statement = allow(
        "dynamodb:Query",
        TABLE,
        Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "T#${aws:PrincipalTag/tenant}#*"}},
    )
    context = {"aws:PrincipalTag/tenant": "acme"}

    def ask(key):
        return simulate(
            [policy(statement)], "dynamodb:Query", TABLE, context | {"dynamodb:LeadingKeys": [key]}
        ).allowed

    assert ask("T#acme#TICKETS#S0")
    assert not ask("T#other#TICKETS#S0")


def test_a_boundary_limits_and_never_grants() -> None:
    boundary = [policy(allow("s3:*"))]
    assert simulate([policy(allow())], "s3:GetObject", "x", boundary=boundary).allowed
    assert not simulate([policy(allow())], "ec2:RunInstances", "x", boundary=boundary).allowed
    assert not simulate([], "s3:GetObject", "x", boundary=boundary).allowed
    assert not simulate([policy(allow())], "ec2:RunInstances", "x", session=boundary).allowed


def test_every_level_of_service_control_policies_must_allow() -> None:
    full, only_europe = [policy(allow())], [policy(allow(), deny(Condition=OUTSIDE))]
    here, there = {"aws:RequestedRegion": "eu-south-1"}, {"aws:RequestedRegion": "us-east-1"}
    scps = [full, only_europe]
    assert simulate([policy(allow())], "s3:GetObject", "x", here, scps=scps).allowed
    assert simulate([policy(allow())], "s3:GetObject", "x", there, scps=scps).effect is Effect.EXPLICIT_DENY
    assert not simulate(
        [policy(allow())], "s3:GetObject", "x", here, scps=[full, [policy(allow("ec2:*"))]]
    ).allowed


OUTSIDE = {"StringNotEquals": {"aws:RequestedRegion": ["eu-south-1", "eu-west-1"]}}


def test_within_an_account_the_policy_of_the_resource_may_grant_alone() -> None:
    of_queue = policy(allow("sqs:SendMessage", Principal={"AWS": ROLE}))
    ask = {"resource_policy": of_queue, "action": "sqs:SendMessage", "resource": "arn:aws:sqs:::q"}
    assert simulate([], principal=ROLE, **ask).allowed
    assert not simulate([], principal=ROLE + "-other", **ask).allowed
    session = "arn:aws:sts::111122223333:assumed-role/rimedio-dev-api/now"
    assert simulate([], principal=session, **ask).allowed
    assert not simulate([], principal=session, boundary=[policy(allow("s3:*"))], **ask).allowed


def test_a_service_is_a_principal_too() -> None:
    of_queue = policy(
        allow(
            "sqs:SendMessage",
            Principal={"Service": "events.amazonaws.com"},
            Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:events:::rule/deliveries"}},
        )
    )
    source = {"aws:SourceArn": "arn:aws:events:::rule/deliveries"}
    ask = {"resource_policy": of_queue, "action": "sqs:SendMessage", "resource": "q"}
    assert simulate([], context=source, principal="events.amazonaws.com", **ask).allowed
    assert not simulate([], context={}, principal="events.amazonaws.com", **ask).allowed
    assert not simulate([], context=source, principal="sns.amazonaws.com", **ask).allowed


def test_naming_the_account_lets_its_own_policies_decide() -> None:
    root = "arn:aws:iam::111122223333:root"
    of_key = policy(allow("kms:*", Principal={"AWS": root}))
    ask = {"resource_policy": of_key, "action": "kms:Decrypt", "resource": "k", "principal": ROLE}
    assert not simulate([], **ask).allowed
    assert simulate([policy(allow("kms:Decrypt"))], **ask).allowed
    other = policy(allow("kms:*", Principal={"AWS": "arn:aws:iam::999999999999:root"}))
    assert not simulate([policy(allow("kms:Decrypt"))], **(ask | {"resource_policy": other})).allowed


def test_not_principal_denies_everybody_else() -> None:
    guarded = policy(
        allow("s3:*", Principal="*"),
        {"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "s3:*", "Resource": "*"},
    )
    assert simulate([], "s3:GetObject", "x", resource_policy=guarded, principal=ROLE).allowed
    found = simulate([policy(allow())], "s3:GetObject", "x", resource_policy=guarded, principal=ROLE + "2")
    assert found.effect is Effect.EXPLICIT_DENY


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Resource": "*"}]},
        {"Statement": [allow() | {"NotAction": "s3:*"}]},
        {"Statement": [allow(resource={"Fn::GetAtt": ["Table", "Arn"]})]},
        {"Statement": [allow(Condition={"StringEqual": {"a": "b"}})]},
        {"Statement": [allow(Condition={"Bool": "true"})]},
        "{",
    ],
)
def test_what_is_no_policy_is_refused(broken) -> None:
    with pytest.raises(InvalidInput):
        simulate([broken], "s3:GetObject", "x")


def test_a_policy_may_be_text_with_a_single_statement() -> None:
    text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    assert simulate([text], "s3:GetObject", "x").allowed


ACTIONS = ["s3:GetObject", "s3:PutObject", "dynamodb:Query", "iam:PassRole"]
PATTERNS = [*ACTIONS, "*", "s3:*", "s3:Get*", "dynamodb:*", "?am:*"]
RESOURCES = [TABLE, "arn:aws:s3:::b/k", "arn:aws:s3:::b/other"]
RESOURCE_PATTERNS = [*RESOURCES, "*", "arn:aws:s3:::b/*", "arn:aws:dynamodb:*:*:table/*"]
CONDITIONS = st.one_of(
    st.just({}),
    st.builds(
        lambda operator, value: {"Condition": {operator: {"aws:team": value}}},
        st.sampled_from(["StringEquals", "StringNotEquals", "StringLikeIfExists", "ForAllValues:StringLike"]),
        st.sampled_from(["a", "b", "*"]),
    ),
)
CONTEXTS = st.sampled_from([{}, {"aws:team": "a"}, {"aws:team": ["a", "b"]}])
STATEMENTS = st.builds(
    lambda effect, action, resource, condition: (
        {"Effect": effect, "Action": action, "Resource": resource} | condition
    ),
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(PATTERNS),
    st.sampled_from(RESOURCE_PATTERNS),
    CONDITIONS,
)
POLICIES = st.lists(st.lists(STATEMENTS, min_size=1, max_size=3).map(lambda s: policy(*s)), max_size=3)


@settings(max_examples=150, deadline=None)
@given(POLICIES, STATEMENTS, st.sampled_from(ACTIONS), st.sampled_from(RESOURCES), CONTEXTS)
def test_one_more_statement_can_only_do_what_it_says(policies, more, action, resource, context) -> None:
    before = simulate(policies, action, resource, context)
    after = simulate([*policies, policy(more)], action, resource, context)
    if more["Effect"] == "Deny":
        assert before.allowed or not after.allowed
    elif before.effect is Effect.EXPLICIT_DENY:
        assert after.effect is Effect.EXPLICIT_DENY
    else:
        assert after.allowed or not before.allowed


@settings(max_examples=150, deadline=None)
@given(POLICIES, POLICIES, st.sampled_from(ACTIONS), st.sampled_from(RESOURCES), CONTEXTS)
def test_limits_only_ever_take_away(policies, limits, action, resource, context) -> None:
    plain = simulate(policies, action, resource, context).allowed
    for more in ({"boundary": limits}, {"session": limits}, {"scps": [limits]}):
        assert plain or not simulate(policies, action, resource, context, **more).allowed


@settings(max_examples=100, deadline=None)
@given(POLICIES, st.randoms(), st.sampled_from(ACTIONS), st.sampled_from(RESOURCES), CONTEXTS)
def test_the_order_of_policies_means_nothing(policies, chance, action, resource, context) -> None:
    shuffled = policies[:]
    chance.shuffle(shuffled)
    first, second = (simulate(p, action, resource, context).effect for p in (policies, shuffled))
    assert first is second


def test_dates_compare_with_the_time_of_the_request() -> None:
    until = allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026-12-31T00:00:00Z"}})
    now = datetime(2026, 11, 23, tzinfo=UTC).isoformat()
    assert allowed(until, context={"aws:CurrentTime": now})
