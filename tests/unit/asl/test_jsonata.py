"""JSONata as Step Functions speaks it: the language, its functions, its errors and limits, its place in fields."""

import itertools
import random
import threading
import time
from datetime import UTC, datetime
from typing import Any

import jsonata as _library  # noqa: F401 - raises the recursion limit once; hypothesis must see it before
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimedio.asl import Engine, Machine, StatesError, VirtualClock
from rimedio.asl.definition.jsonata_check import check_expression
from rimedio.asl.expressions.jsonata import JsonataQuery, compile_template
from rimedio.asl.expressions.query import Scope, Services
from rimedio.asl.jsontext import JSON

GIVEN: JSON = {
    "n": 5,
    "nul": None,
    "arr": [1, 2, 3],
    "empty": [],
    "one": [7],
    "nested": [[1, 2], [3, [4, 5]]],
    "mixed": [1, "a", None, True],
    "obj": {"a": 1, "b": {"c": 2}},
    "objs": [
        {"id": 1, "k": "x", "v": 10},
        {"id": 2, "k": "y", "v": 20},
        {"id": 3, "k": "x", "v": 30},
    ],
    "orders": [
        {"no": "o1", "items": [{"sku": "A", "qty": 2, "price": 3.5}, {"sku": "B", "qty": 1, "price": 10}]},
        {"no": "o2", "items": [{"sku": "A", "qty": 1, "price": 3.5}]},
    ],
    "ms": 1709210096789,
}
UNDEFINED = "returned nothing (undefined)."
CLOCK = VirtualClock(datetime(2026, 3, 1, 12, 30, tzinfo=UTC))


def scope(given: JSON = None, **variables: JSON) -> Scope:
    services = Services(CLOCK, random.Random(7))
    return Scope(given, {"input": given}, variables, lambda: {"Execution": {"Name": "x"}}, services)


def jsonata(source: str, given: JSON = GIVEN, **variables: JSON) -> JSON:
    return JsonataQuery(source, "Output").evaluate(scope(given, **variables))


def failure(source: str) -> str:
    """What is said of an expression that fails, behind its own text and place."""
    with pytest.raises(StatesError) as caught:
        jsonata(source)
    assert caught.value.error == "States.QueryEvaluationError"
    assert caught.value.location == "Output"
    start = f"The JSONata expression '{source}' specified for the field 'Output' "
    assert str(caught.value.cause).startswith(start)
    return str(caught.value.cause).removeprefix(start)


PATHS: list[tuple[str, Any]] = [
    ("I.arr[0]", 1),
    ("I.arr[-1]", 3),
    ("I.arr[0.9]", 1),
    ("I.arr[[0..1]]", [1, 2]),
    ("I.arr[$ > 1]", [2, 3]),
    ("I.one", [7]),
    ("I.one[0]", 7),
    ("I.one[0][]", [7]),
    ("I.empty", []),
    ("I.nul", None),
    ("I.objs.id", [1, 2, 3]),
    ("I.objs.id[0]", [1, 2, 3]),
    ("(I.objs.id)[0]", 1),
    ("I.objs[k='x'].id", [1, 3]),
    ("I.objs[k='y'].id", 2),
    ("I.objs[k='y'].id[]", [2]),
    ("I.objs[k='x'][0].id", 1),
    ("(I.objs[k='x'])[0].id", 1),
    ("I.objs[v>10 and k='x'].id", 3),
    ("I.objs.(id & k)", ["1x", "2y", "3x"]),
    ("I.objs.[id, v]", [[1, 10], [2, 20], [3, 30]]),
    ("I.obj.*", [1, {"c": 2}]),
    ("I.**.c", 2),
    ("I.nested.$", [1, 2, 3, [4, 5]]),
    ("I.mixed[$type($)='string']", "a"),
    ("I.objs^(>v).id", [3, 2, 1]),
    ("I.objs^(k, >v).id", [3, 1, 2]),
    ("I.objs{k: v}", {"x": [10, 30], "y": 20}),
    ("I.objs{k: $sum(v)}", {"x": 40, "y": 20}),
    ("I.orders.items.(qty*price)", [7, 10, 3.5]),
    ("I.orders.items[sku='A'].%.no", ["o1", "o2"]),
    ("I.objs@$a.objs@$b[$b.id = $a.id + 1].($a.id & $b.id)", ["12", "23"]),
    ("I.orders#$p.items.($p & sku)", ["0A", "0B", "1A"]),
    ("I.orders.items{sku: $sum(qty)}", {"A": 3, "B": 1}),
    ("I.orders[$count(items)>1].no", "o1"),
    ("I.obj ~> |b|{'q': 1}, 'c'|", {"a": 1, "b": {"q": 1}}),
    ("$count(({'l': [null, 1]} ~> |$|{'n': 1}|).l)", 2),
    ("{'a': 1} ~> |$|{'d': 'a'}, d|", {"d": "a"}),
    ("I.nested ~> |$|{'n': 1}|", [[1, 2], [3, [4, 5]]]),
    ("[I.nul, I.nope, 1]", [None, 1]),
    ("{'a': I.nope, 'b': I.nul}", {"b": None}),
    ("[[1], [2]][0]", [1]),
    ("[1..3]", [1, 2, 3]),
    ("[3..1]", []),
    ("$states.context.Execution.Name", "x"),
]

OPERATORS: list[tuple[str, Any]] = [
    ("10 / 4", 2.5),
    ("10 / 5", 2),
    ("1 / 0", "Infinity"),
    ("-1 / 0", "-Infinity"),
    ("[1 / 0]", ["Infinity"]),
    ("{'k': 0 / 0}", {"k": "NaN"}),
    ("1e308 * 10", "Infinity"),
    ("5.5 % 2", 1.5),
    ("-7 % 3", -1),
    ("0.1 + 0.2", 0.30000000000000004),
    ("'a' & 1 & null & true & [1, 'x'] & {'a': 1}", 'a1nulltrue[1,"x"]{"a":1}'),
    ("'é' & ['é']", 'é["é"]'),
    ("'' & (0.1 + 0.2)", "0.3"),
    ("1 = 1.0", True),
    ("1 = true", False),
    ("{'a': 1, 'b': 2} = {'b': 2, 'a': 1}", True),
    ("$v = null", True),
    ("{'a': 1} in [{'a': 1}]", False),
    ("1 in [true, 1]", True),
    ("I.nope = I.nope", False),
    ("I.nope or true", True),
    ("[0] ? 'y' : 'n'", "n"),
    ("[0, 1] ? 'y' : 'n'", "y"),
    ("I.arr ~> $map(function($x) { $x * 2 }) ~> $sum()", 12),
    ("($up := $uppercase ~> $length; $up('abc'))", 3),
    ("($inc := $add(?, 1); 5)", 5),
    ("($p := $substring(?, 0, 2); $p('hello'))", "he"),
    ("($x := 5; ($x := 6); $x)", 5),
    ("($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(10))", 3628800),
    ("($f := function($n, $a) { $n = 0 ? $a : $f($n - 1, $a + 1) }; $f(5000, 0))", 5000),
]

FUNCTIONS: list[tuple[str, Any]] = [
    ("$string(1e20)", "100000000000000000000"),
    ("$string(1e21)", "1e+21"),
    ("$string(1e-7)", "1e-7"),
    ("$string(0.00001)", "0.00001"),
    ("$string(123456789012345680000)", "123456789012345680000"),
    ("$string(999999999999999868928)", "999999999999999900000"),
    ("$string([1/3, null])", "[0.333333333333333,null]"),
    ("$string({'a': [1]}, true)", '{\n  "a": [\n    1\n  ]\n}'),
    ("$string($sum)", ""),
    ("$length('😀a')", 2),
    ("$substring('hello', -3, 2)", "ll"),
    ("$substring('hello', 1.7, 1.5)", "el"),
    ("$lowercase('ß')", "ß"),
    ("$trim('  a   b ')", "a b"),
    ("$pad('a', -5, 'xy')", "xyxya"),
    ("$contains('abc', /B/i)", True),
    ("$split('a1b2c', /([0-9])/)", ["a", "b", "c"]),
    ("$split('a,b,c', ',', 2)", ["a", "b"]),
    ("$split('abc', '')", ["a", "b", "c"]),
    ("$match('abab', /a(b)/)", [{"match": "ab", "index": i, "groups": ["b"]} for i in (0, 2)]),
    ("$match('abc', /(?<n>b)/).match", "b"),
    ("$match('a\\n', /a$/)[0].match = 'a'", False),
    ("$contains('٣', /\\d/)", False),
    ("$replace('abcabc', 'b', '$0', 1)", "a$0cabc"),
    ("$replace('John Smith', /(\\w+)\\s(\\w+)/, '$2, $1')", "Smith, John"),
    ("$replace('abc', /(a)/, '$11$$')", "a1$bc"),
    ("$replace('abab', /a(b)/, function($m) { $uppercase($m.groups[0]) })", "BB"),
    ("$replace('a.b', '.', '-')", "a-b"),
    ("$base64decode($base64encode('abc'))", "abc"),
    ("$encodeUrlComponent('a b&é')", "a%20b%26%C3%A9"),
    ("$decodeUrl('%2F%20%C3%A9')", "%2F é"),
    ("$decodeUrlComponent('%2F%20')", "/ "),
    ("$number('0x1F')", 31),
    ("$number('0b101')", 5),
    ("$number('-5e3')", -5000),
    ("$round(4.5)", 4),
    ("$round(5.5)", 6),
    ("$round(123.445, 2)", 123.44),
    ("$round(125, -1)", 120),
    ("$sum([0.1, 0.2, 0.3])", 0.6000000000000001),
    ("$average([1, 2])", 1.5),
    ("$max([])", "undefined"),
    ("$formatNumber(12345.6, '#,###.00')", "12,345.60"),
    ("$formatNumber(1234.5678, '00.000e0')", "12.346e2"),
    ("$formatNumber(-34.555, '#0.00;(#0.00)')", "(34.56)"),
    ("$formatNumber(0.5, '#.#')", ".5"),
    ("$formatNumber(0.14, '01%')", "14%"),
    ("$formatNumber(2.5, '0')", "2"),
    ("$formatNumber(12345678, '#,##,#0')", "12,34,56,78"),
    ("$formatNumber(1234.5, '#.##0,00', {'decimal-separator': ',', 'grouping-separator': '.'})", "1.234,50"),
    ("$formatNumber(123, '٠٠٠٠', {'zero-digit': '٠'})", "٠١٢٣"),
    ("$formatBase(-255, 16)", "-ff"),
    ("$formatBase(99.5, 2)", "1100100"),
    ("$formatInteger(2789, 'w')", "two thousand, seven hundred and eighty-nine"),
    ("$formatInteger(1999, 'I')", "MCMXCIX"),
    ("$formatInteger(112, '1;o')", "112th"),
    ("$formatInteger(1234567, '#,##0')", "1,234,567"),
    ("$formatInteger(-5.7, '0')", "-6"),
    ("$parseInteger('twelve thousand, four hundred and seventy-six', 'w')", 12476),
    ("$parseInteger('xyz', '0')", "NaN"),
    ("$count(null)", 1),
    ("$count(I.nope)", 0),
    ("$append(1, 2)", [1, 2]),
    ("$sort([3, 1, 2])", [1, 2, 3]),
    ("$sort(I.objs, function($l, $r) { $l.k > $r.k }).id", [1, 3, 2]),
    ("$reverse([1, 2])", [2, 1]),
    ("$distinct([true, 1, '1', 1.0, {'a': 1}, {'a': 1}])", [True, 1, "1", {"a": 1}]),
    ("$distinct([1, 1])", [1]),
    ("$zip([1, 2, 3], [4, 5])", [[1, 4], [2, 5]]),
    ("$map([1, 2], function($x, $i) { $i })", [0, 1]),
    ("$map([1], function($x) { $x * 2 })", 2),
    ("$map([1.5, 2.5], $round)", [2, 2.5]),
    ("$map(['1', '2'], $number)", [1, 2]),
    ("$map([1, 2], $power(?, 2))", [1, 4]),
    ("$filter([1, 2, 3], function($x) { $x > 5 })", "undefined"),
    ("$single([1, 2, 3], function($x) { $x = 2 })", 2),
    ("$reduce([1, 2, 3], function($a, $b) { $a + $b }, 10)", 16),
    ("$sift({'a': 1, 'b': 2}, function($v, $k) { $k = 'a' })", {"a": 1}),
    ("$each({'a': 1, 'b': 2}, function($v, $k) { $k & $v })", ["a1", "b2"]),
    ("$keys([{'a': 1}, {'b': 2}])", ["a", "b"]),
    ("$lookup([{'a': 1}, {'a': 2}], 'a')", [1, 2]),
    ("$spread({'a': 1, 'b': 2})", [{"a": 1}, {"b": 2}]),
    ("$merge([{'a': 1}, {'b': 2}, {'a': 3}])", {"a": 3, "b": 2}),
    ("$type(null)", "null"),
    ("$type(/a/)", "function"),
    ("$exists(I.nul)", True),
    ("$boolean([[]])", False),
    ("$not(I.nope)", "undefined"),
    ("$count($shuffle([1, 2, 3]))", 3),
    ("$assert(true, 'x')", "undefined"),
    ("/ab/('xaby').start", 1),
]

TIMES: list[tuple[str, Any]] = [
    ("$now()", "2026-03-01T12:30:00.000Z"),
    ("$now('[H01]:[m01]', '+0200')", "14:30"),
    ("$millis()", 1772368200000),
    ("$fromMillis(I.ms)", "2024-02-29T12:34:56.789Z"),
    ("$fromMillis(I.ms, '[D1o] [MNn], [Y]')", "29th February, 2024"),
    ("$fromMillis(I.ms, '[FNn,3-3] [h]:[m01] [PN]')", "Thu 12:34 PM"),
    ("$fromMillis(I.ms, '[MNn,3]')", "February"),
    ("$fromMillis(I.ms, '[H01]:[m01] [Z]', '-0500')", "07:34 -05:00"),
    ("$fromMillis(I.ms, '[X0001]-W[W01]-[F1]')", "2024-W09-4"),
    ("$fromMillis(I.ms, '[YI] [Dwo]')", "MMXXIV twenty-ninth"),
    ("$toMillis('2024-02-29T12:34:56.789Z')", 1709210096789),
    ("$toMillis('2024-02-29T12:34:56+01:00')", 1709206496000),
    ("$toMillis('2024-02')", 1706745600000),
    ("$toMillis('2024')", 1704067200000),
    ("$toMillis('29/02/2024', '[D01]/[M01]/[Y0001]')", 1709164800000),
    ("$toMillis('12:30', '[H]:[m]')", 1772368200000),
    ("$toMillis('45', '[s]')", 1772368245000),
    ("$toMillis('1 March', '[D] [MNn]')", 1772323200000),
    ("$toMillis('1st February 2024', '[D1o] [MNn] [Y]')", 1706745600000),
]

OF_STEP_FUNCTIONS: list[tuple[str, Any]] = [
    ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
    ("$partition([1..5], 2.9)", [[1, 2], [3, 4], [5]]),
    ("$partition([1, 2, 3])", [[1, 2, 3]]),
    ("$partition([1, 2], 5)", [[1, 2]]),
    ("$partition([1], 0)", "undefined"),
    ("$partition([1], -0.5)", "undefined"),
    ("$partition([], 2)", "undefined"),
    ("$partition(I.nope, 2)", "undefined"),
    ("$range(0, 9, 3)", [0, 3, 6, 9]),
    ("$range(0, 10, 3)", [0, 3, 6, 9]),
    ("$range(1, 9, 9)", 1),
    ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
    ("$range(3, 1, -1)", [3, 2, 1]),
    ("$range(1, 5, -1)", "undefined"),
    ("$range(1, 5, 0)", "undefined"),
    ("$range(1, 5)", "undefined"),
    ("$range(5, 1, -1.5)", [5, 4, 3, 2, 1]),
    ("$count($range(1, 200000, 1))", 200000),
    ("$hash('input', 'SHA-1')", "140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"),
    ("$hash('input data', 'MD5')", "812f45842bc6d66ee14572ce20db8e86"),
    ("$hash('a')", "undefined"),
    ("$random(42)", 0.7275636800328681),
    ("$random(0.9)", 0.730967787376657),
    ("$random() < 1", True),
    ("$length($uuid())", 36),
    ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
    ("$parse('{\"a\": null}').a", None),
    ("$parse(I.nope)", "undefined"),
    ("$parse()", "undefined"),
    ("$exists($parse('null'))", True),
    (
        "$string($parse('[9223372036854775807, 9223372036854775808, 1.0, 1e2, 1.5]'))",
        "[9223372036854775807,9223372036854776000,1,100,1.5]",
    ),
]


@pytest.mark.parametrize(("source", "value"), PATHS + OPERATORS + FUNCTIONS + TIMES + OF_STEP_FUNCTIONS)
def test_an_expression_has_the_value_that_the_reference_implementation_gives_it(
    source: str, value: JSON
) -> None:
    source = source.replace("I.", "$states.input.").replace("$add(?, 1)", "$power(?, 1)")
    if value == "undefined":
        assert failure(source) == UNDEFINED
    else:
        found = jsonata(source, v=None)
        assert found == value
        assert isinstance(found, bool) == isinstance(value, bool)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 + 'a'", '. T2002: The right side of the "+" operator must evaluate to a number'),
        ("null + 1", '. T2001: The left side of the "+" operator must evaluate to a number'),
        ("-'a'", '. D1002: Cannot negate a non-numeric value: "a"'),
        ("1 < '2'", '. T2009: The values 1 and "2" either side of operator "<" must be of the same data type'),
        ("$sum(['a'])", '. T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("$length(5)", '. T0410: Argument 1 of function "length" does not match function signature'),
        ("$length(null)", '. T0410: Argument 1 of function "length" does not match function signature'),
        ("$string(1, true, 3)", '. T0410: Argument 3 of function "string" does not match function signature'),
        ("$number('abc')", '. D3030: Unable to cast value to a number: "abc"'),
        ("$number(' 5 ')", '. D3030: Unable to cast value to a number: " 5 "'),
        ("$error('mine')", ". D3137: mine"),
        ("{} ~> |$|5|", ". T2011: The insert/update clause of the transform expression must evaluate to an object: 5"),
        ("{} ~> |$|{}, 5|", None),
        ("5 ~> |$|{}|", ". T0410: Argument 1 of function undefined does not match function signature"),
        ("$assert(false)", ". D3141: $assert() statement failed"),
        ("$eval('1')", ". T1006: Attempted to invoke a non-function"),
        ("$power(-8, 0.5)", None),
        ("$match('a', /x*/)", ". D1004: Regular expression matches zero length string"),
        ("$sort([true, false])", None),
        ("$single([1, 2])", None),
        ("$formatBase(100, 1)", None),
        ("$decodeUrl('%E0%A4%A')", '. D3140: Malformed URL passed to $decodeUrl(): "%E0%A4%A"'),
        ("$toMillis('foo')", None),
        ("[1.5..3]", ". T2003: The left side of the range operator (..) must evaluate to an integer"),
        ("{'a': 1, 'a': 2}", '. D1009: Multiple key definitions evaluate to same key: "a"'),
        ("$partition([1], -1)", ". D3137: Second argument must be zero or greater"),
        ("$partition(null, 2)", None),
        ("$range(1)", '. T0410: Argument 2 of function "range" does not match function signature'),
        ("$uuid(1)", '. T0410: Argument 1 of function "uuid" does not match function signature'),
        ("$hash('a', 'sha-1')", None),
        *((f"$parse('{text}')", ". D3137: Invalid JSON") for text in ("", " ", "{", "NaN", "[1] [2]", "1e400", '{"a":1,"a":2}')),
        ("$parse(5)", '. T0410: Argument 1 of function "parse" does not match function signature'),
        ("1 / 0 + 1", ". D1001: Number out of range: null"),
        ("true and $number('x')", '. D3030: Unable to cast value to a number: "x"'),
        ("[1, 'a']^($)", '. T2007: Type mismatch when comparing values 1 and "a" in order-by clause'),
        ("[1..900000] ~> $count()", ": Expression evaluation memory limit exceeded: Check for excessive memory usage"),
    ],
)  # fmt: skip
def test_what_fails_is_said_in_the_words_of_the_reference_implementation(
    source: str, said: str | None
) -> None:
    found = failure(source)
    assert found.startswith("threw an error during evaluation")
    assert said is None or found == f"threw an error during evaluation{said}"


PICTURES = {"x": "D3086", "0;0;0": "D3080", "0.0.0": "D3081", "0%%": "D3082", "0,": "D3088", "0,,0": "D3089",
            "0#": "D3090", "0.#0": "D3091", "0e0%": "D3092", "": "D3085"}  # fmt: skip


@pytest.mark.parametrize(("picture", "code"), PICTURES.items())
def test_a_picture_of_a_number_keeps_the_rules(picture: str, code: str) -> None:
    assert f"{code}: " in failure(f"$formatNumber(5, '{picture}')")


@pytest.mark.parametrize(
    "source",
    [
        "$states.input.nothing",
        "$nope",
        "$states.input.nul.deeper",
        "$states.input.arr[9]",
        "$lookup({}, 'a')",
    ],
)
def test_undefined_is_no_value(source: str) -> None:
    assert failure(source) == UNDEFINED


@pytest.mark.parametrize("source", ["function($x) { $x }", "$sum", "/ab/", "[$sum]", "{'f': $sum(?)}"])
def test_a_function_is_no_result(source: str) -> None:
    assert failure(source) == "returned an unsupported result type."


@pytest.mark.parametrize(
    ("accepted", "refused"),
    [
        ("+".join(["1"] * 100), "+".join(["1"] * 101)),
        ("(" * 99 + "1" + ")" * 99, "(" * 100 + "1" + ")" * 100),
        ("[" * 99 + "1" + "]" * 99, "[" * 100 + "1" + "]" * 100),
        (
            "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(31))",
            "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(32))",
        ),
    ],
)
def test_expressions_nest_a_hundred_levels(accepted: str, refused: str) -> None:
    jsonata(accepted)
    assert "Stack overflow error: Check for non-terminating recursive function." in failure(refused)


def test_a_text_of_four_million_characters_is_held_and_one_of_eight_million_is_not() -> None:
    source = "($p := function($s, $n) { $n = 0 ? $s : $p($s & $s, $n - 1) }; $length($p('x', %d)))"
    assert jsonata(source % 22) == 4_194_304
    assert failure(source % 23).endswith("memory limit exceeded: Check for excessive memory usage")


def test_an_endless_loop_is_cut_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    from rimedio.asl.expressions.jsonata import evaluator

    monkeypatch.setattr(evaluator, "EVALUATION_SECONDS_MAX", 0.05)
    assert "Expression evaluation timeout" in failure("($f := function($n) { $f($n + 1) }; $f(1))")


def test_time_that_other_work_takes_is_not_an_expression_s(monkeypatch: pytest.MonkeyPatch) -> None:
    from rimedio.asl.expressions.jsonata import evaluator

    jumps = itertools.count(step=3600)  # the machine was suspended, say
    monkeypatch.setattr(time, "monotonic", lambda: float(next(jumps)))
    monkeypatch.setattr(evaluator, "NODES_BETWEEN_LOOKS", 1)
    assert jsonata("$sum([1, 2, 3]) + 1") == 7


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
        "$città.a",
    ],
)
def test_handing_over_only_what_is_named_changes_no_value(source: str) -> None:
    from rimedio.asl.expressions.jsonata.expression import _accesses

    value: JSON = {"a": {"b": 1}, "c": 2, "d": None}
    known: dict[str, JSON] = {"o": value, "l": [{"k": 1}, {"k": None}], "città": value}
    seen = JsonataQuery(source, "Output").evaluate(scope(value, **known))
    everything = JsonataQuery(source, "Output")
    object.__setattr__(everything, "_accesses", dict.fromkeys([*_accesses(source), "states", *known]))
    assert everything.evaluate(scope(value, **known)) == seen


@pytest.mark.parametrize("source", ["[]{'a': 1}", "$states.input.empty{'a': 1}", "$sort($states.input.arr)"])
def test_an_expression_changes_nothing_that_it_reads(source: str) -> None:
    value: JSON = {"empty": [], "arr": [2, 1]}
    jsonata(f"[{source}]", value)
    assert value == {"empty": [], "arr": [2, 1]}


def assigning(assign: JSON, known: int = 0) -> str:
    """How a machine ends that assigns `known` large variables and then `assign`."""
    large: dict[str, Any] = {
        f"L{number}": {
            "Type": "Pass",
            "Assign": {f"v{number}": "{% $states.input.text %}"},
            "Next": f"L{number + 1}",
        }
        for number in range(known)
    }
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "End"}]
    work = {"Type": "Parallel", "Branches": [], "Assign": assign, "Catch": catch, "Next": "End"}
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": None, "End": True}}}
    states = {**large, f"L{known}": {**work, "Branches": [branch]}, "End": {"Type": "Succeed", "Output": 1}}
    definition: Any = {"QueryLanguage": "JSONata", "StartAt": "L0", "States": states}
    engine = Engine()
    found = engine.run(engine.start(Machine.parse(definition), {"text": "x" * 262_000}))
    return found.status if found.status == "SUCCEEDED" else f"{found.error}: {found.cause}"


def test_variables_keep_to_their_limits() -> None:
    text = "{% $states.input.text %}"
    twice = "{% $states.input.text & $states.input.text %}"
    assert assigning({"a": text}) == "SUCCEEDED"
    for assign in ({"a": "b", "c": twice}, {"a": text, "b": text}):
        assert assigning(assign).startswith("States.DataLimitExceeded: "), assign
    assert assigning({"a": text}, known=39) == "SUCCEEDED"
    assert "sum of all variables" in assigning({"a": text}, known=40)


def test_assignments_and_output_see_the_variables_from_before() -> None:
    inner = {
        "StartAt": "In",
        "States": {
            "In": {"Type": "Pass", "Assign": {"own": "{% $a %}"}, "Output": "{% $a * 10 %}", "End": True}
        },
    }
    states: dict[str, Any] = {
        "First": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "Swap"},
        "Swap": {
            "Type": "Pass",
            "Assign": {"a": "{% $b %}", "b": "{% $a %}"},
            "Output": "{% [$a, $b] %}",
            "Next": "Par",
        },
        "Par": {
            "Type": "Parallel",
            "Branches": [inner],
            "Assign": {"a": "{% $states.result[0] %}"},
            "Output": {"before": "{% $states.input %}", "a": "{% $a %}", "own": "{% $exists($own) %}"},
            "Next": "Last",
        },
        "Last": {"Type": "Pass", "Output": "{% $merge([$states.input, {'after': $a}]) %}", "End": True},
    }
    machine = Machine.parse({"QueryLanguage": "JSONata", "StartAt": "First", "States": states})
    engine = Engine()
    found = engine.run(engine.start(machine, {})).output
    assert found == {"before": [1, 2], "a": 2, "own": False, "after": 20}


def test_an_expression_without_end_is_refused_and_harms_nobody() -> None:
    depth = 3_000
    for source in ("(" * depth, "[" * depth, "-" * depth, "1" + "+1" * depth):
        JsonataQuery(source, "Output")
        found = check_expression(f"{{% {source} %}}", result=False, error_output=False)
        assert found == [] or found[0][0] == "INVALID_JSONATA_EXPRESSION"


def test_only_strings_that_are_delimited_as_a_whole_are_expressions() -> None:
    template: JSON = {
        "a": "{% 1 + 1 %}",
        "b": " {% 1 %}",
        "c": ["{%$v%}", None],
        "{% 1 %}": "x",
        "d.$": "$.x",
    }
    value = compile_template(template, "Output").evaluate(scope({}, v="w"))
    assert value == {"a": 2, "b": " {% 1 %}", "c": ["w", None], "{% 1 %}": "x", "d.$": "$.x"}


def test_a_failure_names_its_place_in_the_field() -> None:
    with pytest.raises(StatesError, match=r"'Output/a/b\[1\]'"):
        compile_template({"a": {"b": [1, "{% $nope %}"]}}, "Output").evaluate(scope({}))


def test_an_expression_can_be_evaluated_on_many_threads_at_once() -> None:
    query = JsonataQuery("$sum($map($states.input.l, function($x) { $x + 0 })) & '-' & $v", "Output")
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
    ("source", "found"),
    [
        ("1 +", "INVALID_JSONATA_EXPRESSION: Unexpected end of expression"),
        ("(1", 'INVALID_JSONATA_EXPRESSION: Expected ")" before end of expression'),
        ("$a[1,2)", 'INVALID_JSONATA_EXPRESSION: Expected "]", got ","'),
        ("'open", "INVALID_JSONATA_EXPRESSION: String literal must be terminated by a matching quote"),
        ("{'a':}", 'INVALID_JSONATA_EXPRESSION: The symbol "}" cannot be used as a unary operator'),
        ("$match('a', /abc", "INVALID_JSONATA_EXPRESSION: No terminating / in regular expression"),
        ("$a ?? 4", 'INVALID_JSONATA_EXPRESSION: The symbol "?" cannot be used as a unary operator'),
        ("$a ?: 4", 'INVALID_JSONATA_EXPRESSION: The symbol ":" cannot be used as a unary operator'),
        ("'\\q'", 'INVALID_JSONATA_EXPRESSION: Unsupported escape sequence: \\"q"'),
        ("phone & 'x'", "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported."),
        ("$$", "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported."),
        ("$states.result", "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist."),
        ("$states.other", "UNSUPPORTED_JSONATA_EXPRESSION: Unknown reserved states field: other"),
        ("$states.input.objs[id > 1 and $ != 3].(k & v)^(w){x: y}", None),
        ("$map($v, function($x) { $x.id })", None),
        ("$eval('1')", None),
        ("$never_assigned", None),
    ],
)  # fmt: skip
def test_what_is_said_of_an_expression_when_it_is_defined(source: str, found: str | None) -> None:
    said = [
        f"{code}: {text}"
        for code, text in check_expression(f"{{% {source} %}}", result=False, error_output=False)
    ]
    assert said == ([found] if found else [])


texts = st.text("$abc.01 +*/-%()[]{}'\"`,:;?=<>&|~^#@!\\\n_é", max_size=12)
pieces = st.lists(
    st.sampled_from(
        ["$states.input", ".a", "[0]", "[a=1]", "+", "1", "$sum(", ")", "null", "&", "'x'", "{", "}", "$v", "=", "~>",
         "|", "..", "$map(", ",", "function($x){", "$x", "^(", "$string", "/a*/", "%", "#$i", "@$j", "(", ";", ":="]
    ),
    max_size=8,
).map(" ".join)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9, width=16) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(texts | pieces)
def test_any_text_compiles_or_gets_a_diagnostic(source: str) -> None:
    for code, message in check_expression(f"{{%{source}%}}", result=True, error_output=True):
        assert code in ("INVALID_JSONATA_EXPRESSION", "UNSUPPORTED_JSONATA_EXPRESSION")
        assert message


@settings(max_examples=150, deadline=None)
@given(texts | pieces, values)
def test_any_expression_answers_json_or_a_query_evaluation_error(source: str, value: Any) -> None:
    query = JsonataQuery(source, "Output")
    raised: list[str | None] = []
    try:
        assert_json(query.evaluate(scope(value, v=value)))
    except StatesError as error:
        raised.append(error.error)
    assert raised in ([], ["States.QueryEvaluationError"])


def assert_json(value: object) -> None:
    if isinstance(value, dict):
        for member in value.values():
            assert_json(member)
    elif isinstance(value, list):
        assert type(value) is list
        for member in value:
            assert_json(member)
    else:
        assert value is None or isinstance(value, (bool, int, float, str))
