"""Truth tables: every operator against every kind of value, and every way in which a pattern is refused.

Facts of the EventBridge User Guide ("Comparison operators for use in event patterns", "Matching on null values and
empty strings", "Matching on multiple values"), of its API reference, and of what the service answers.
"""

import json
from typing import Any

import pytest

from rimedio.events.flattened import fields_of
from rimedio.events.operators import InvalidPattern
from rimedio.events.pattern import Pattern

ABSENT = object()
# One of each kind: what a row names is accepted, everything else is not
KINDS: dict[str, Any] = {
    "absent": ABSENT,
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "one point": 1.0,
    "half": 0.5,
    "big": 6_000_000_000,
    "empty text": "",
    "text": "abc",
    "TEXT": "ABC",
    "text of one": "1",
    "text of null": "null",
    "address": "10.0.0.7",
    "address six": "2001:db8::7",
    "empty list": [],
    "empty object": {},
    "object": {"k": "abc"},
    "list": ["zzz", "abc"],
    "list of lists": [["zzz"], ["abc"]],
    "list of objects": [{"k": "abc"}],
    "list of null": [None],
}
PLAIN = {name for name, value in KINDS.items() if value is not ABSENT and not isinstance(value, list | dict)}
LISTED = {"list", "list of lists", "list of null"}
THERE = PLAIN | LISTED

TABLE: list[tuple[str, Any, set[str]]] = [
    ("text", "abc", {"text", "list", "list of lists"}),
    ("empty text", "", {"empty text"}),
    ("null", None, {"null", "list of null"}),
    ("true", True, {"true"}),
    ("false", False, {"false"}),
    ("one", 1, {"one", "one point"}),
    ("one point", 1.0, {"one", "one point"}),
    ("minus zero", -0.0, {"zero"}),
    ("big", 6e9, {"big"}),
    ("text of one", "1", {"text of one"}),
    ("exists", {"exists": True}, THERE),
    ("is absent", {"exists": False}, set(KINDS) - THERE),
    ("prefix", {"prefix": "ab"}, {"text", "list", "list of lists"}),
    (
        "any prefix",
        {"prefix": ""},
        {n for n in PLAIN if isinstance(KINDS[n], str)} | {"list", "list of lists"},
    ),
    (
        "prefix in any case",
        {"prefix": {"equals-ignore-case": "Ab"}},
        {"text", "TEXT", "list", "list of lists"},
    ),
    ("suffix", {"suffix": "BC"}, {"TEXT"}),
    (
        "suffix in any case",
        {"suffix": {"equals-ignore-case": "Bc"}},
        {"text", "TEXT", "list", "list of lists"},
    ),
    ("any case", {"equals-ignore-case": "aBc"}, {"text", "TEXT", "list", "list of lists"}),
    ("wildcard", {"wildcard": "a*c"}, {"text", "list", "list of lists"}),
    (
        "any text",
        {"wildcard": "*"},
        {n for n in PLAIN if isinstance(KINDS[n], str)} | {"list", "list of lists"},
    ),
    ("empty wildcard", {"wildcard": ""}, {"empty text"}),
    ("not a text", {"anything-but": "abc"}, THERE - {"text"}),
    ("not these texts", {"anything-but": ["abc", "zzz"]}, THERE - {"text", "list", "list of lists"}),
    ("not a number", {"anything-but": 1}, THERE - {"one", "one point"}),
    ("not these numbers", {"anything-but": [0, 1.0, 0.5]}, THERE - {"zero", "one", "one point", "half"}),
    ("not this start", {"anything-but": {"prefix": "a"}}, THERE - {"text"}),
    ("not these starts", {"anything-but": {"prefix": ["a", "z"]}}, THERE - {"text", "list", "list of lists"}),
    ("not this end", {"anything-but": {"suffix": "c"}}, THERE - {"text"}),
    ("not in any case", {"anything-but": {"equals-ignore-case": "ABC"}}, THERE - {"text", "TEXT"}),
    (
        "not these in any case",
        {"anything-but": {"equals-ignore-case": ["ABC", "ZzZ"]}},
        THERE - {"text", "TEXT", "list", "list of lists"},
    ),
    ("not like", {"anything-but": {"wildcard": "*ab*"}}, THERE - {"text"}),
    (
        "not like these",
        {"anything-but": {"wildcard": ["*ab*", "z*"]}},
        THERE - {"text", "list", "list of lists"},
    ),
    ("equal number", {"numeric": ["=", 1]}, {"one", "one point"}),
    ("greater", {"numeric": [">", 0]}, {"one", "one point", "half"}),
    ("not less", {"numeric": [">=", 0.5]}, {"one", "one point", "half"}),
    ("less", {"numeric": ["<", 1]}, {"zero", "half"}),
    ("not greater", {"numeric": ["<=", 0]}, {"zero"}),
    ("between", {"numeric": [">", 0, "<", 1]}, {"half"}),
    ("from to", {"numeric": [">=", 0, "<=", 1]}, {"zero", "half", "one", "one point"}),
    ("below the bound", {"numeric": ["<=", 5e9]}, {"zero", "half", "one", "one point"}),
    ("network", {"cidr": "10.0.0.0/29"}, {"address"}),
    ("network of a host", {"cidr": "10.0.0.200/24"}, {"address"}),
    ("all addresses of four bytes", {"cidr": "0.0.0.0/0"}, {"address"}),
    ("network of version six", {"cidr": "2001:db8::/64"}, {"address six"}),
]


@pytest.mark.parametrize(("value", "accepted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_an_operator_accepts_these_kinds_of_values_and_no_others(value: Any, accepted: set[str]) -> None:
    pattern = Pattern.compile({"detail": {"f": [value]}})
    answers = {
        name: pattern.matches({"detail": {} if kind is ABSENT else {"f": kind}})
        for name, kind in KINDS.items()
    }
    assert {name for name, answer in answers.items() if answer} == accepted


@pytest.mark.parametrize(("value", "accepted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_beside_another_value_either_is_enough(value: Any, accepted: set[str]) -> None:
    pattern = Pattern.compile({"detail": {"f": ["something else", value]}})
    for name, kind in KINDS.items():
        event = {"detail": {} if kind is ABSENT else {"f": kind}}
        assert pattern.matches(event) is (name in accepted), name


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        # intermediate nodes have no value of their own
        ({"d": [{"exists": True}]}, {"d": {"k": 1}}, False),
        ({"d": [{"exists": False}]}, {"d": {"k": 1}}, True),
        ({"d": [{"exists": False}]}, {"d": {}}, True),
        ({"d": {"k": {"l": [{"exists": False}]}}}, {}, True),
        ({"d": {"k": {"l": [{"exists": False}]}}}, {"d": 5}, True),
        ({"d": {"k": {"l": [{"exists": False}]}}}, {"d": {"k": {"l": None}}}, False),
        ({"d": {"k": {"l": [{"exists": False}], "m": [1]}}}, {"d": {"k": {"m": 1}}}, True),
        ({"d": {"k": [{"exists": False}]}}, {"d": [{"k": 1}, {"l": 1}]}, False),
        ({"d": {"k": [{"exists": False}]}}, {"d": [{"l": 1}, {"m": 1}]}, True),
        ({"d": {"k": [{"exists": False}]}}, {"d": []}, True),
        ({"d": {"k": [{"exists": True}, {"exists": False}]}}, {"x": 1}, True),
        ({"d": {"k": ["x", {"exists": False}]}}, {"d": {"k": "y"}}, False),
        # elements of arrays
        ({"d": {"a": [1], "b": [2]}}, {"d": [{"a": 1}, {"b": 2}]}, False),
        ({"d": {"a": [1], "b": [2]}}, {"d": [{"a": 1, "b": 3}, {"a": 1, "b": [9, 2]}]}, True),
        ({"d": {"a": [1], "b": [2]}}, {"d": [[{"a": 1}], [{"a": 1, "b": 2}]]}, True),
        (
            {"d": {"a": {"x": [1]}, "b": {"x": [2]}}},
            {"d": {"a": [{"x": 1}], "b": [{"x": 0}, {"x": 2}]}},
            True,
        ),
        ({"d": ["x"]}, {"d": ["y", {"x": "x"}, ["x"]]}, True),
        ({"d": {"k": ["x"]}}, {"d": ["x", 7, None, {"k": "x"}]}, True),
        # names with dots are paths
        ({"d": {"a.b": ["x"]}}, {"d": {"a": {"b": "x"}}}, True),
        ({"d": {"a": {"b": ["x"]}}}, {"d": {"a.b": "x"}}, True),
        ({"d.a": {"b": ["x"]}}, {"d": {"a.b": "x"}}, True),
        ({"d": {"a.b": {"b": ["x"]}}}, {"d": {"a": {"b": "x"}}}, False),
        # empty names
        ({"": ["x"]}, {"": "x"}, True),
        ({"": {"a": ["x"]}}, {"a": "x"}, False),
        ({"": {"a": [{"exists": False}], "b": [{"exists": False}]}}, {"": [{"c": 1}], "a": 1}, True),
        ({"": {"a": ["x"], "b": [{"exists": False}]}}, {"": [{"a": "x"}]}, True),
        # names and operators are exact
        ({"D": ["x"]}, {"d": "x"}, False),
        ({"d": ["è"]}, {"d": "e\u0300"}, False),
        ({"d": [{"equals-ignore-case": "PERCHÉ"}]}, {"d": "perché"}, True),
        ({"d": [{"prefix": {"equals-ignore-case": "ΟΔΟΣ"}}]}, {"d": "οδοσήμανση"}, True),
        ({"d": [{"suffix": {"equals-ignore-case": "\U00010400"}}]}, {"d": "x\U00010428"}, True),
        ({"d": [{"wildcard": "a\nb*"}]}, {"d": "a\nb\nc"}, True),
        ({"d": [{"wildcard": "\\*\\\\*"}]}, {"d": "*\\tail"}, True),
        ({"d": [{"wildcard": "\\*"}]}, {"d": "x"}, False),
        ({"d": [{"wildcard": "a.c"}]}, {"d": "abc"}, False),
        ({"d": [{"wildcard": "ab*ba"}]}, {"d": "aba"}, False),
        ({"d": [{"wildcard": "*aab"}]}, {"d": "aaaab"}, True),
        ({"d": ['"x"']}, {"d": "x"}, False),
        # numbers are numbers however they are written, and exact
        ({"d": [300]}, {"d": 3.0e2}, True),
        ({"d": [0.1]}, {"d": 0.10000000000000002}, False),
        ({"d": [9007199254740993]}, {"d": 9007199254740992}, False),
        ({"d": [10**30]}, {"d": 10**30}, True),
        ({"d": [{"numeric": ["=", 301.8]}]}, {"d": 3.018e2}, True),
        ({"d": [{"numeric": [">=", -5e9]}]}, {"d": -5_000_000_000}, True),
        ({"d": [{"numeric": [">=", -5e9]}]}, {"d": -5_000_000_001}, False),
        ({"d": [{"numeric": [">", 0]}]}, {"d": "5"}, False),
        # several alternatives
        ({"a": [1], "$or": [{"b": [1]}, {"c": [1]}]}, {"a": 1, "c": 1}, True),
        ({"a": [1], "$or": [{"b": [1]}, {"c": [1]}]}, {"a": 2, "c": 1}, False),
        ({"d": {"$or": [{"b": [1]}, {"c": [1], "e": [1]}]}}, {"d": {"c": 1}}, False),
        ({"d": {"$or": [{"b": [1]}, {"$or": [{"c": [1]}, {"e": [1]}]}]}}, {"d": {"e": 1}}, True),
        ({"$or": [{"b": [1], "c": [2]}, {"b": [2], "c": [1]}]}, {"b": 2, "c": 2}, False),
        ({"d": {"$or": [{"b": [1]}, {"b": [{"exists": False}]}]}}, {"d": [{"b": 2}]}, False),
        ({"$or": ["x"]}, {"$or": "x"}, True),
    ],
)
def test_where_values_stand_decides(pattern: Any, event: Any, matches: bool) -> None:
    assert Pattern.compile(pattern).matches(event) is matches


def _nested(depth: int) -> Any:
    found: Any = ["x"]
    for _ in range(depth):
        found = {"a": found}
    return found


REFUSED: list[tuple[Any, str]] = [
    *[(whole, "Filter is not an object") for whole in (None, True, 3, "x", [], [{}])],
    *[(leaf, '"a" must be an object or an array') for leaf in ({"a": v} for v in (None, True, 3, "x", ""))],
    ({}, "Empty objects are not allowed"),
    ({"a": {}}, "Empty objects are not allowed"),
    ({"a": {"b": {}}}, "Empty objects are not allowed"),
    ({"a": []}, "Empty arrays are not allowed"),
    ({"a": {"b": []}}, "Empty arrays are not allowed"),
    ({"a": [[]]}, "Match value must be String, number, true, false, or null"),
    ({"a": ["x", ["x"]]}, "Match value must be String, number, true, false, or null"),
    ({"a": [{}]}, "Only one key allowed in match expression"),
    ({"a": [{"prefix": "x", "suffix": "y"}]}, "Only one key allowed in match expression"),
    *[
        ({"a": [{name: 1}]}, f"Unrecognized match type {name}")
        for name in ("Prefix", "exist", "", "regex", "ne", "EXISTS", "and")
    ],
    *[
        ({"a": [{"exists": v}]}, "exists match pattern must be either true or false")
        for v in (None, 0, 1, "true", [], [True], {})
    ],
    *[
        ({"a": [{name: v}]}, f"{name} match pattern must be a string")
        for name in ("prefix", "suffix")
        for v in (None, True, 3, ["x"], [])
    ],
    *[
        ({"a": [{name: v}]}, f"{name} match pattern must be a string")
        for name in ("equals-ignore-case", "wildcard")
        for v in (None, True, 3, ["x"], {"prefix": "x"}, {})
    ],
    ({"a": [{"prefix": {"suffix": "x"}}]}, "Unsupported prefix match pattern: suffix"),
    ({"a": [{"suffix": {}}]}, "Unsupported suffix match pattern"),
    ({"a": [{"prefix": {"equals-ignore-case": 3}}]}, "equals-ignore-case match pattern must be a string"),
    ({"a": [{"suffix": {"equals-ignore-case": ["x"]}}]}, "equals-ignore-case match pattern must be a string"),
    ({"a": [{"wildcard": "a**b"}]}, "Consecutive wildcard characters at pos 2"),
    ({"a": [{"wildcard": "**"}]}, "Consecutive wildcard characters at pos 1"),
    ({"a": [{"wildcard": "a\\b"}]}, "Invalid escape character at pos 2"),
    ({"a": [{"wildcard": "\\"}]}, "Invalid escape character at pos 1"),
    *[
        ({"a": [{"anything-but": v}]}, "")
        for v in (None, True, [], [None], [True], ["x", 1], [["x"]], {}, [{}])
    ],
    *[
        ({"a": [{"anything-but": {name: v}}]}, "")
        for name in ("prefix", "suffix", "wildcard", "equals-ignore-case")
        for v in (None, True, 3, [], ["x", 3], [None], {"equals-ignore-case": "x"}, {})
    ],
    ({"a": [{"anything-but": {"prefix": ""}}]}, "Null prefix/suffix not allowed"),
    ({"a": [{"anything-but": {"suffix": ["x", ""]}}]}, "Null prefix/suffix not allowed"),
    ({"a": [{"anything-but": {"prefix": "x", "suffix": "y"}}]}, "Only one key allowed in match expression"),
    *[
        ({"a": [{"anything-but": {name: "x"}}]}, f"Unsupported anything-but pattern: {name}")
        for name in ("anything-but", "numeric", "cidr", "exists", "Prefix")
    ],
    *[
        ({"a": [{"numeric": v}]}, "Value of numeric must be an array")
        for v in (None, True, 3, ">", {">": 3}, {})
    ],
    *[({"a": [{"numeric": v}]}, "Invalid member in numeric match") for v in ([], [3], [None, 3], [3, ">"])],
    *[
        ({"a": [{"numeric": [name, 3]}]}, f"Unrecognized numeric range operator: {name}")
        for name in ("==", "!=", "=>", "=<", "<>", "gt", "")
    ],
    *[
        ({"a": [{"numeric": [name, *rest]}]}, f"Value of {name} must be numeric")
        for name in ("=", "<", "<=", ">", ">=")
        for rest in ([], [None], ["3"], [True], [[3]])
    ],
    ({"a": [{"numeric": [">", 5, "<", 1]}]}, "Bottom must be less than top"),
    ({"a": [{"numeric": [">=", 5, "<=", 5]}]}, "Bottom must be less than top"),
    *[
        ({"a": [{"numeric": [first, 1, second, 5]}]}, "Bad numeric range operator")
        for first, second in (
            (">", ">"),
            (">", "="),
            (">=", ">="),
            ("<", ">"),
            ("<=", ">="),
            ("=", "<"),
            ("=", "="),
        )
    ],
    ({"a": [{"numeric": [">", 1, "<", 5, "<", 6]}]}, "Too many terms in numeric range expression"),
    ({"a": [{"numeric": [">", 1, "<", 5, 6]}]}, "Invalid member in numeric match"),
    *[
        ({"a": [{"numeric": [">", bound]}]}, "Value must be between")
        for bound in (5_000_000_001, -5_000_000_001, 5.1e9, 1e300, float("inf"), float("nan"))
    ],
    *[
        ({"a": [{"cidr": v}]}, "prefix match pattern must be a string")
        for v in (None, True, 3, ["10.0.0.0/8"], {})
    ],
    *[
        ({"a": [{"cidr": v}]}, "Malformed CIDR, one '/' required")
        for v in ("", "10.0.0.0", "::1", "10.0.0.0/8/8")
    ],
    *[
        ({"a": [{"cidr": f"{v}/8"}]}, f"Nonstandard IP address: {v}")
        for v in (
            "",
            "x",
            "10.0.0",
            "10.0.0.256",
            "10.0.0.0.0",
            " 10.0.0.0",
            "xxxx:db8::",
            "fe80::1%1",
            ":::",
            "١.0.0.0",
        )
    ],
    *[
        ({"a": [{"cidr": f"10.0.0.0/{v}"}]}, "Malformed CIDR")
        for v in ("", "x", "-1", "33", "64", "8 ", "255.0.0.0", "0.0.0.255", "1e1", "٨")
    ],
    *[({"a": [{"cidr": f"2001:db8::/{v}"}]}, "Malformed CIDR") for v in ("", "129", "ffff::", "-1")],
    ({"a": ["x"], "$or": [{"a": ["y"]}, {"b": ["z"]}]}, "Path `a` cannot be allowed multiple times"),
    ({"a": {"b": ["x"]}, "a.b": ["y"]}, "Path `a.b` cannot be allowed multiple times"),
    ({"$or": []}, "Empty arrays are not allowed"),
    ({"$or": [{"a": ["x"]}]}, "Unrecognized match type a"),
    ({"$or": [{"a": ["x"]}, {}]}, ""),
    ({"$or": [{"a": ["x"]}, "x"]}, ""),
    ({"$or": [{"a": ["x"]}, {"b": []}]}, "Empty arrays are not allowed"),
    ({"$or": [{"a": ["x"]}, {"b": "y"}]}, '"b" must be an object or an array'),
    (
        {f"g{n}": {"$or": [{f"k{i}": ["x"]} for i in range(11)]} for n in range(3)},
        "$or expands to 1331 alternatives",
    ),
    (_nested(300), "More than 200 values inside one another are not allowed"),
    (_nested(5000), "More than 200 values inside one another are not allowed"),
]


@pytest.mark.parametrize(("pattern", "reason"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_a_broken_pattern_is_refused_for_its_reason(pattern: Any, reason: str) -> None:
    with pytest.raises(InvalidPattern) as refused:
        Pattern.compile(pattern)
    assert reason in refused.value.reason
    assert refused.value.reason


def test_thousand_alternatives_are_allowed() -> None:
    groups = {f"g{n}": {"$or": [{f"k{i}": ["x"]} for i in range(10)]} for n in range(3)}
    assert Pattern.compile(groups).matches({f"g{n}": {"k9": "x"} for n in range(3)})


def test_lists_of_elements_do_not_multiply() -> None:
    """Six lists of five hundred would be 500 to the power of 6 choices, if each were kept to the end."""
    pattern = {f"r{n}": {"k": [{"exists": True}], "z": [{"exists": False}]} for n in range(6)}
    event = {f"r{n}": [{"k": 1} for _ in range(500)] for n in range(6)}
    assert Pattern.compile(pattern).matches(event)
    assert not Pattern.compile({**pattern, "s": ["x"]}).matches(event)


def test_an_event_is_taken_apart_once_for_all_alternatives(monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[object] = []

    def counted(event: Any, wanted: frozenset[str]) -> Any:
        walks.append(event)
        return fields_of(event, wanted)

    monkeypatch.setattr("rimedio.events.pattern.fields_of", counted)
    pattern = {"$or": [{"k": [str(n)]} for n in range(50)]}
    assert not Pattern.compile(pattern).matches({"k": "x", "a.b": 1})  # the dot asks for the general way
    assert len(walks) == 1


def test_a_text_with_many_beginnings_of_a_wildcard_is_read_in_one_go() -> None:
    assert not Pattern.compile({"k": [{"wildcard": "*a*a*a*b"}]}).matches({"k": "a" * 100_000})


def test_what_matched_once_matches_again_after_it_was_written_as_json() -> None:
    pattern = {"d": [{"numeric": [">", 0, "<=", 5]}, {"anything-but": {"wildcard": ["a*", "b*"]}}]}
    again = json.loads(json.dumps(pattern))
    for value in (0, 3, "abc", "cab"):
        assert Pattern.compile(pattern).matches({"d": value}) is Pattern.compile(again).matches({"d": value})
