"""JSONata, JSONPath, payload templates, intrinsic functions, Choice operators."""

import threading
from typing import Any

import pytest

from rimedio.asl import StatesError
from rimedio.asl.expressions.choice import compile_rule, parse_timestamp
from rimedio.asl.expressions.intrinsics import compile_intrinsic
from rimedio.asl.expressions.jsonata import JsonataQuery, compile_template
from rimedio.asl.expressions.jsonpath import put_at
from rimedio.asl.expressions.jsonpath_parser import PathSyntaxError, parse_path
from rimedio.asl.expressions.payload import compile_template as compile_payload
from rimedio.asl.expressions.query import MISSING, Scope
from rimedio.asl.jsontext import JSON

STORE: JSON = {
    "books": [{"t": "a", "p": 1}, {"t": "b", "p": 5, "s": True}],
    "n": None,
    "e": [],
    "one": [7],
    "q'x": 3,
}


def scope(given: JSON = None, **variables: JSON) -> Scope:
    return Scope(given, {"input": given}, variables, lambda: {"Execution": {"Name": "x"}})


def jsonata(source: str, given: JSON = STORE, **variables: JSON) -> JSON:
    return JsonataQuery(source, "Output").evaluate(scope(given, **variables))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("$states.input.books[p > 2].t", "b"),
        ("$states.input.books.t", ["a", "b"]),
        ("$states.input.n", None),
        ("$states.input.e", []),
        ("$states.input.one", [7]),
        ("$exists($states.input.n)", True),
        ("$exists($states.input.nothing)", False),
        ("$type($states.input.n)", "null"),
        ("{'a': $states.input.n}", {"a": None}),
        ("[$states.input.n, $v]", [None, None]),
        ("$states.context.Execution.Name", "x"),
        ("$v = null", True),
        ("10 / 4", 2.5),
        ("10 / 5", 2),
        ("1 / 0", "Infinity"),
        ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([1..5], 2.9)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 9, 3)", [0, 3, 6, 9]),
        ("$range(1, 9, 9)", 1),
        ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$random(7) = $random(7)", True),
        ("$length($uuid())", 36),
        ("$sum($map([1..3], function($x) { $x * 2 }))", 12),
        ("[1..3]", [1, 2, 3]),
    ],
)
def test_jsonata(source: str, value: JSON) -> None:
    assert jsonata(source, v=None) == value


@pytest.mark.parametrize(
    "source",
    [
        "$states.input.nothing",
        "$nope",
        "$states.input.n.deeper",
        "$partition([1], 0)",
        "$range(1, 5, -1)",
        "$hash('a')",
        "$hash('a', 'sha-1')",
        "$eval('1')",
        "$parse('NaN')",
        "$number('abc')",
        "$error('mine')",
        "1 + 'a'",
        "function($x) { $x }",
        "$range(1, 1000000, 1)",
        "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(200))",
    ],
)
def test_jsonata_that_fails_or_is_undefined_is_a_query_evaluation_error(source: str) -> None:
    with pytest.raises(StatesError) as caught:
        jsonata(source)
    assert caught.value.error == "States.QueryEvaluationError"
    assert source in str(caught.value.cause)


@pytest.mark.parametrize(
    "source",
    [
        "$o.a.b + $o.c",
        "$o . a . b",
        "$count($keys($o))",
        "$o.a.%.c",
        "$l.k",
        "$o.(a.b + c)",
        "$o.a.b & '$o'",
        "$merge([$o.a, $states.input.a])",
        "$states.input.a.b = $o.a.b",
        "$count($keys($states))",
        "$states.input.*",
        "$map($l, function($o) { $o.k })",
        "$lookup($o, 'c')",
        "($p := $o; $p.c)",
        "$o.`c`",
        "$exists($states.input.zzz.y)",
        "$states.(input.c)",
    ],
)
def test_handing_over_only_what_is_named_changes_no_value(source: str) -> None:
    from rimedio.asl.expressions import jsonata

    value: JSON = {"a": {"b": 1}, "c": 2, "d": None}
    seen = JsonataQuery(source, "Output").evaluate(scope(value, o=value, l=[{"k": 1}, {"k": None}]))
    everything = JsonataQuery(source, "Output")
    names = dict.fromkeys([*jsonata._accesses(source), "states", "o", "l"])
    object.__setattr__(everything, "_accesses", names)
    assert everything.evaluate(scope(value, o=value, l=[{"k": 1}, {"k": None}])) == seen


def test_an_endless_recursion_is_cut_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rimedio.asl.expressions.jsonata.EVALUATION_SECONDS_MAX", 0.05)
    with pytest.raises(StatesError):
        jsonata("($f := function($n) { $f($n + 1) }; $f(1))")


def test_only_strings_that_are_delimited_as_a_whole_are_expressions() -> None:
    template: JSON = {"a": "{% 1 + 1 %}", "b": " {% 1 %}", "c": ["{%$v%}", None], "d.$": "$.x"}
    value = compile_template(template, "Output").evaluate(scope({}, v="w"))
    assert value == {"a": 2, "b": " {% 1 %}", "c": ["w", None], "d.$": "$.x"}


def test_a_failure_names_its_place_in_the_field() -> None:
    with pytest.raises(StatesError, match=r"'Output/a/b\[1\]'"):
        compile_template({"a": {"b": [1, "{% $nope %}"]}}, "Output").evaluate(scope({}))


def test_an_expression_can_be_evaluated_on_many_threads_at_once() -> None:
    query = JsonataQuery("$sum($states.input.l) & '-' & $v", "Output")
    wrong: list[JSON] = []

    def check(number: int) -> None:
        for _ in range(50):
            value = query.evaluate(scope({"l": [number] * 3}, v=number))
            if value != f"{number * 3}-{number}":
                wrong.append(value)

    threads = [threading.Thread(target=check, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.books[0].t", "a"),
        ("$.books[-1].t", "b"),
        ("$.books[*].t", ["a", "b"]),
        ("$.books[0,1].p", [1, 5]),
        ("$.books[0:1].p", [1]),
        ("$.books[?(@.p > 2)].t", ["b"]),
        ("$.books[?(@.s)].t", ["b"]),
        ("$.books[?(!@.s || @.t == 'b')].p", [1, 5]),
        ("$.books[?(@.t =~ /A/i)].p", [1]),
        ("$..p", [1, 5]),
        ("$.books.length()", 2),
        ("$['q\\'x']", 3),
        ("$.n", None),
        ("$.books[?(@.p == 9)]", []),
        ("$.books[?(@.t in ['b', 'c'])].p", [5]),
        ("$.books[?(@.t nin ['b', 'c'])].p", [1]),
        ("$.books[?(@.t size 1)].p", [1, 5]),
        ("$.books[(@.length-1)].t", "b"),
        ("$.['books'][0].t", "a"),
        ("$.books[0]['t','p']", {"t": "a", "p": 1}),
        ("$.books[*]['t','gone']", [{"t": "a"}, {"t": "b"}]),
        ("$.books[9].t[*]", []),
        ("$..gone[*]", []),
    ],
)
def test_jsonpath(path: str, value: JSON) -> None:
    assert parse_path(path).find(STORE) == value


@pytest.mark.parametrize("path", ["$.nothing", "$.books.t", "$.books[9]", "$.n.x", "$.gone[*]", "$.n[0:2]"])
def test_a_path_whose_names_are_not_there_finds_nothing(path: str) -> None:
    assert parse_path(path).find(STORE) is MISSING


@pytest.mark.parametrize("path", ["", "a", "$.", "$[", "$['a", "$.a b", "$$23", "$.a[?(@.b ==)]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathSyntaxError):
        parse_path(path)


def test_putting_at_a_path_copies_what_it_changes() -> None:
    whole: JSON = {"a": {"b": 1}, "l": [1, 2]}
    assert put_at(parse_path("$.a.c.d"), whole, 5) == {"a": {"b": 1, "c": {"d": 5}}, "l": [1, 2]}
    assert put_at(parse_path("$.l[1]"), whole, 5) == {"a": {"b": 1}, "l": [1, 5]}
    assert whole == {"a": {"b": 1}, "l": [1, 2]}
    with pytest.raises(StatesError) as caught:
        put_at(parse_path("$.a.b.c"), whole, 5)
    assert caught.value.error == "States.ResultPathMatchFailure"


def test_a_payload_template_computes_only_members_marked_with_a_dollar() -> None:
    template: JSON = {
        "x.$": "$.n",
        "y": "$.n",
        "z": [{"t.$": "$.books[0].t"}],
        "v.$": "$v",
        "c.$": "$$.Execution.Name",
    }
    value = compile_payload(template, "Parameters").evaluate(scope(STORE, v=3))
    assert value == {"x": None, "y": "$.n", "z": [{"t": "a"}], "v": 3, "c": "x"}


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("States.Format('Hi {}, {} of {}', $.name, 1, null)", "Hi Ada, 1 of null"),
        (r"States.Format('\{\} {} it\'s', $.name)", "{} Ada it's"),
        ("States.StringToJson('[1,{\"a\":null}]')", [1, {"a": None}]),
        ("States.JsonToString($.o)", '{"a":1}'),
        ("States.Array(1, 'x', $.o, true)", [1, "x", {"a": 1}, True]),
        ("States.ArrayPartition($.l, 2)", [[1, 2], [2, 3]]),
        ("States.ArrayContains($.l, 3)", True),
        ("States.ArrayContains($.l, '3')", False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.l, 3)", 3),
        ("States.ArrayLength($.l)", 4),
        ("States.ArrayUnique($.l)", [1, 2, 3]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.JsonMerge($.o, States.StringToJson('{\"b\":2}'), false)", {"a": 1, "b": 2}),
        ("States.MathAdd(-1.5, 2.5)", 2),
        ("States.StringSplit('a,b;;c', ',;')", ["a", "b", "c"]),
        ("States.ArrayLength(States.StringSplit(States.UUID(), '-'))", 5),
    ],
)
def test_intrinsic_functions(call: str, value: JSON) -> None:
    given: JSON = {"name": "Ada", "o": {"a": 1}, "l": [1, 2, 2, 3]}
    assert compile_intrinsic(call, "x.$").evaluate(scope(given)) == value


@pytest.mark.parametrize(
    "call",
    [
        "States.ArrayGetItem($.l, 9)",
        "States.ArrayPartition($.l, 0)",
        "States.StringToJson('{')",
        "States.Base64Decode('!')",
        "States.ArrayRange(0, 5000, 1)",
        "States.ArrayRange(0, 5, 0)",
        "States.JsonMerge($.l, $.l, false)",
        "States.Format('{} {}', 1)",
        "States.Hash('a', 'CRC')",
        "States.MathRandom(5, 1)",
    ],
)
def test_an_intrinsic_function_that_refuses_its_arguments_is_an_intrinsic_failure(call: str) -> None:
    with pytest.raises(StatesError) as caught:
        compile_intrinsic(call, "x.$").evaluate(scope({"l": [1]}))
    assert caught.value.error == "States.IntrinsicFailure"


@pytest.mark.parametrize(
    "call", ["States.Nope()", "States.Array(", "States.UUID(1)", "States.Array(a)", " States.UUID()"]
)
def test_a_malformed_call_is_refused(call: str) -> None:
    with pytest.raises(PathSyntaxError):
        compile_intrinsic(call, "x.$")


def holds(given: JSON, **rule: Any) -> bool:
    return bool(compile_rule({"Variable": "$.v", **rule}).evaluate(scope({"v": given, "w": 5})))


@pytest.mark.parametrize(
    ("given", "rule", "expected"),
    [
        (5, {"NumericEqualsPath": "$.w"}, True),
        (True, {"NumericEquals": 1}, False),
        ("b", {"StringGreaterThan": "a"}, True),
        ("a*b.log", {"StringMatches": r"a\*b.*"}, True),
        ("axb.log", {"StringMatches": r"a\*b.*"}, False),
        ("2020-01-01T00:00:00Z", {"TimestampLessThan": "2020-01-01T00:00:00.5Z"}, True),
        ("2020-01-01T01:00:00+01:00", {"TimestampEquals": "2020-01-01T00:00:00Z"}, True),
        (None, {"IsNull": True}, True),
        (1.5, {"IsNumeric": True}, True),
        ("2020-01-01", {"IsTimestamp": False}, True),
        (False, {"BooleanEquals": False}, True),
    ],
)
def test_choice_operators(given: JSON, rule: dict[str, Any], expected: bool) -> None:
    assert holds(given, **rule) is expected


def test_choice_rules_combine_and_presence_is_no_error() -> None:
    rule = {"And": [{"Variable": "$.v", "IsPresent": True}, {"Not": {"Variable": "$.v", "NumericEquals": 1}}]}
    assert compile_rule(rule).evaluate(scope({"v": 2})) is True  # type: ignore[arg-type]
    assert compile_rule(rule).evaluate(scope({})) is False  # type: ignore[arg-type]
    with pytest.raises(StatesError):
        compile_rule({"Variable": "$.x", "IsNull": True}).evaluate(scope({}))


@pytest.mark.parametrize(
    "text", ["2016-13-05T21:29:29Z", "2016-12-05 21:29:29Z", "2016-12-05T21:29:29", "2016-02-30T00:00:00Z"]
)
def test_what_is_no_timestamp(text: str) -> None:
    assert parse_timestamp(text) is None
