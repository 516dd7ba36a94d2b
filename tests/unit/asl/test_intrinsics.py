"""The intrinsic functions of JSONPath states."""

import hashlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.asl import StatesError
from rimedio.asl.expressions.intrinsics import FUNCTIONS, compile_intrinsic
from rimedio.asl.expressions.jsonpath_parser import PathSyntaxError
from rimedio.asl.expressions.query import Query, Scope
from rimedio.asl.jsontext import JSON, dumps

MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

GIVEN: JSON = {
    "name": "Ada",
    "o": {"a": 1},
    "l": [1, 2, 2, 3],
    "n": None,
    "f": 1.0,
    "big": 1e7,
    "t": "{} and {}",
    "a-b": {"é_1": 8},
    "m": [{"b": 2, "a": 1}],
}


def call(text: str, given: JSON = GIVEN, **variables: JSON) -> JSON:
    made = Scope(given, {"input": given}, variables, lambda: {"Execution": {"Name": "x-y"}})
    return compile_intrinsic(text, "x.$").evaluate(made)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Array()", []),
        ("States.Array(1, 'x', $.o, true, null, -1.5)", [1, "x", {"a": 1}, True, None, -1.5]),
        ("States.ArrayPartition($.l, 3)", [[1, 2, 2], [3]]),
        ("States.ArrayPartition($.l, 3.9)", [[1, 2, 2], [3]]),
        ("States.ArrayPartition(States.Array(), 9)", []),
        ("States.ArrayContains($.l, 3)", True),
        ("States.ArrayContains($.l, '3')", True),
        ("States.ArrayContains($.l, 4)", False),
        ("States.ArrayContains(States.Array($.n), null)", True),
        ("States.ArrayContains(States.Array($.o), States.StringToJson('{\"a\":1}'))", True),
        ("States.ArrayContains(States.Array(1), true)", False),
        ("States.ArrayContains(States.Array('true'), true)", True),
        ("States.ArrayContains(States.Array($.o), '{\"a\":1}')", True),
        ('States.ArrayContains($.m, States.StringToJson(\'{"b":2,"a":1}\'))', True),
        ('States.ArrayContains($.m, States.StringToJson(\'{"a":1,"b":2}\'))', False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(1, 8, 2)", [1, 3, 5, 7]),
        ("States.ArrayRange(1.6, 2.6, 1.9)", [1, 2]),
        ("States.ArrayRange(5.4, -0.6, -2.4)", [5, 3, 1]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayRange(3, 1, 1)", []),
        ("States.ArrayRange(5, 5, 1)", [5]),
        ("States.ArrayGetItem($.l, 3)", 3),
        ("States.ArrayGetItem($.l, 1.9)", 2),
        ("States.ArrayGetItem(States.Array(), 9)", None),
        ("States.ArrayLength($.l)", 4),
        ("States.ArrayLength(States.Array())", 0),
        ("States.ArrayUnique($.l)", [1, 2, 3]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Encode('é')", "w6k="),
        ("States.Base64Encode('')", ""),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
        ("States.Base64Decode('w6k')", "é"),
        ("States.Base64Decode('/w==')", "�"),
        ("States.Base64Decode(' !w6k=tail')", "é"),
        ("States.Base64Decode('w6kw')", "é0"),
        ("States.Base64Decode('w6kwM')", "é0"),
        ("States.Base64Decode('Pj4-Pz8_')", ">>>???"),
        ('States.JsonMerge($.o, States.StringToJson(\'{"b":2,"a":3}\'), false)', {"a": 3, "b": 2}),
        ("States.StringToJson('[1,{\"a\":null}]')", [1, {"a": None}]),
        ("States.StringToJson('\"x\"')", "x"),
        ("States.JsonMerge($.o, $.o, 0)", {"a": 1}),
        ("States.StringToJson('-0')", 0),
        ("States.StringToJson('1.0')", 1.0),
        ("States.StringToJson(' ')", None),
        ("States.JsonToString($.o)", '{"a":1}'),
        ("States.JsonToString('a\"é')", '"a\\"é"'),
        ("States.JsonToString($.f)", "1.0"),
        ("States.JsonToString($.big)", "1.0E7"),
        ("States.JsonToString(States.Array(0.00012, -1.5e300, 10, 0.001))", "[1.2E-4,-1.5E300,10,0.001]"),
        ("States.MathAdd(-1.5, 2.5)", 2),
        ("States.MathAdd($.f, -2)", -1),
        ("States.MathAdd(1.49, -0.5)", 1),
        ("States.MathAdd(2147483646, 1)", 2147483647),
        ("States.StringSplit('a,b;;c', ',;')", ["a", "b", "c"]),
        ("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
        ("States.StringSplit('a-b^c]d', '^]-')", ["a", "b", "c", "d"]),
        ("States.StringSplit(' ', ',')", [" "]),
        ("States.StringSplit('', ',')", []),
        ("States.StringSplit(',', ',')", []),
        ("States.StringSplit('abc', '')", ["abc"]),
        ("States.ArrayGetItem(States.StringSplit($$.Execution.Name, '-'), 0)", "x"),
        ("States.ArrayLength(States.StringSplit(States.UUID( ), '-'))", 5),
        ("States.ArrayLength(States.StringSplit(States.UUID($.n, 1), '-'))", 5),
        ("States.ArrayLength($.l[?(@ > 1)])", 3),
        ("States.ArrayLength($.l[?(@ == 9)])", 0),
    ],
)
def test_functions(text: str, value: JSON) -> None:
    found = call(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Format('Hi {}, {} of {}', $.name, 1, null)", "Hi Ada, 1 of null"),
        ("States.Format('none')", "none"),
        ("States.Format('{}{}', true, $.f)", "true1.0"),
        ("States.Format('{}', $.o)", '{"a":1}'),
        ("States.Format('{}', $.l)", "[1,2,2,3]"),
        ("States.Format('{}', '')", ""),
        ("States.Format('{}', '{}')", "{}"),
        (r"States.Format('\{\} {} it\'s \\', $.name)", "{} Ada it's \\"),
        (r"States.Format('{}', 'it\'s')", "it's"),
        (r"States.Format('\{a: {}\}', 1)", "{a: 1}"),
        ("States.Format('a\nb')", "a\nb"),
        ("States.Format($.t, 1, 2)", "1 and 2"),
        ("States.Format('{}', $v.x)", "7"),
        ("States.Format( 'x' )", "x"),
        ("States.Format('{}', $.['a-b'].é_1)", "8"),
    ],
)
def test_format(text: str, value: str) -> None:
    assert call(text, v={"x": 7}) == value


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"])
@pytest.mark.parametrize(("data", "hashed"), [("'input data'", "input data"), ("$.o", '{"a":1}'), ("1", "1")])
def test_hash(algorithm: str, data: str, hashed: str) -> None:
    expected = hashlib.new(algorithm.replace("-", ""), hashed.encode()).hexdigest()
    assert call(f"States.Hash({data}, '{algorithm}')") == expected


@pytest.mark.parametrize(
    ("arguments", "number"),
    [("1, 100, 42", 63), ("1, 1000, 1", 106), ("1, 1000, 2", 806), ("2147483640, 2147483647, 1", 2147483644),
     ("1, 10, -10", 1), ("1, 10, 0", 7), ("0, 16, 42", 11), ("-2147483648, 2147483647, 42", -1170105035)],
)  # fmt: skip
def test_numbers_drawn_with_a_seed_are_those_of_java(arguments: str, number: int) -> None:
    assert call(f"States.MathRandom({arguments})") == number


def test_random_numbers_begin_at_the_start_and_end_before_the_end() -> None:
    found = {call(f"States.MathRandom(1.6, 4.6, {seed})") for seed in range(99)}
    assert found == {1, 2, 3}
    assert call("States.MathRandom(-99999, -9999)") in range(-99999, -9999)


@pytest.mark.parametrize(
    "text",
    [
        "States.ArrayGetItem($.l, 9)",
        "States.ArrayGetItem($.l, -1)",
        "States.ArrayGetItem($.name, 0)",
        "States.ArrayGetItem($.l, '0')",
        "States.ArrayLength($.o)",
        "States.ArrayLength($.n)",
        "States.ArrayUnique('a')",
        "States.ArrayContains($.o, 1)",
        "States.ArrayPartition($.l, 0)",
        "States.ArrayPartition($.l, 0.9)",
        "States.ArrayPartition($.l, true)",
        "States.StringToJson('{')",
        "States.StringToJson('NaN')",
        "States.StringToJson('1 2')",
        "States.StringToJson(1)",
        "States.Base64Decode(1)",
        "States.Base64Encode(1)",
        "States.ArrayRange(0, 1000, 1)",
        "States.ArrayRange(0, 5, 0)",
        "States.ArrayRange(0, 1e300, 1)",
        "States.JsonMerge($.l, $.l, false)",
        "States.JsonMerge($.o, $.o, true)",
        "States.JsonMerge($.o, $.o)",
        "States.ArrayLength()",
        "States.ArrayLength($.l, $.l)",
        "States.Format()",
        "States.MathAdd(2147483647, 1)",
        "States.MathAdd(3000000000, -1)",
        "States.MathRandom(1.4, 1.6)",
        "States.ArrayLength(States.JsonToString($.l))",
        "States.Format('{} {}', 1)",
        "States.Format('{}', 1, 2)",
        "States.Format($.f, 1)",
        "States.Hash('a', 'CRC')",
        "States.Hash('a', 'sha-1')",
        "States.MathAdd('1', 2)",
        "States.MathAdd(null, 2)",
        "States.MathRandom(5, 1)",
        "States.StringSplit(1, ',')",
    ],
)
def test_a_function_that_refuses_its_arguments_fails_the_state_in_awss_words(text: str) -> None:
    with pytest.raises(StatesError) as caught:
        call(text)
    assert caught.value.error == "States.Runtime"
    begin = f"There was an error while evaluating the intrinsic function: {text}. "
    assert str(caught.value.cause).startswith(
        (
            f"{begin}Invalid arguments in States.",
            f"{begin}Cannot convert String to Json in States.StringToJson, ",
        )
    )


def test_a_refusal_names_the_inner_function_and_the_outer_call() -> None:
    text = "States.Array(States.UUID(), States.ArrayLength(1))"
    with pytest.raises(StatesError) as caught:
        call(text)
    assert str(caught.value.cause).endswith(f"function: {text}. Invalid arguments in States.ArrayLength")


@pytest.mark.parametrize(
    ("template", "brace", "other"),
    [("Hello {", "{", "}"), ("{{}}", "{", "}"), ("}", "}", "{"), ("{a}", "{", "}")],
)
def test_a_brace_alone_is_no_template(template: str, brace: str, other: str) -> None:
    with pytest.raises(StatesError, match=f"in States.Format: matching '{other}' not found for '{brace}'"):
        call(f"States.Format('{template}', 1)")


@pytest.mark.parametrize(
    ("given", "unique"),
    [
        ([2, 1, 2, -1, None, 1], [-1, None, 1, 2]),
        ([True, False, True, False], [False, True]),
        ([[1, 2], [1, 2], [2, 1]], [[2, 1], [1, 2]]),
        ([1, "1", 1.0, "01"], [1.0, 1, "1", "01"]),
        (["b", "a", "b"], ["a", "b"]),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], [{"a": 1, "b": 2}]),
        ([2**40, 17, 1, "\U0001f600"], [2**40, 17, 1, "\U0001f600"]),
        ([], []),
    ],
)
def test_unique_elements_come_in_the_order_of_a_java_hash_set(given: JSON, unique: JSON) -> None:
    assert dumps(call("States.ArrayUnique($)", given)) == dumps(unique)


@pytest.mark.parametrize("name", ["Base64Encode($.s)", "Base64Decode($.s)", "Hash($.s, 'MD5')"])
def test_what_is_encoded_has_ten_thousand_characters_at_most(name: str) -> None:
    call(f"States.{name}", {"s": "a" * 10_000})
    with pytest.raises(StatesError):
        call(f"States.{name}", {"s": "a" * 10_001})


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("States.Format('{}', States.Format('{}',$.nope))", "$.nope"),
        ("States.Format($.nope, 1)", "$.nope"),
        ("States.Array(1, $.l[9])", "$.l[9]"),
        ("States.Array($$.Nope.Deep)", "$$.Nope.Deep"),
    ],
)
def test_an_argument_that_is_not_there_names_the_whole_call_and_the_input(text: str, missing: str) -> None:
    with pytest.raises(StatesError) as caught:
        call(text, {"l": [1]})
    what = f"The JsonPath argument for the field '{missing}' could not be found in the input '{{\"l\":[1]}}'"
    expected = ("States.Runtime", f"The function '{text}' had the following error: {what}")
    assert (caught.value.error, caught.value.cause) == expected


@pytest.mark.parametrize(
    "text",
    ["States.Nope()", "States.Array(", "States.Array(1,)", "States.Array(,1)", "States.Array(a)",
     " States.UUID()", "States.UUID() x", "States.UUID", "States.Array(\"a\")", "States.Array('a)", r"States.Array('a\nb')",
     r"States.StringToJson('{\"a\":1}')", r"States.Array('a\')", "States.Array($.a b)", "states.UUID()", "States.Array(01x)", "States.Array($.a-b)",
     "States.Array($.a.0)",
     "States.Array(" * 11 + ")" * 11],
)  # fmt: skip
def test_a_malformed_call_is_refused(text: str) -> None:
    with pytest.raises(PathSyntaxError):
        compile_intrinsic(text, "x.$")


def test_ten_calls_may_be_nested() -> None:
    assert dumps(call("States.Array(" * 10 + ")" * 10)) == "[" * 10 + "]" * 10


scalars = st.sampled_from(
    [None, True, False, 0, -1, 3, 2**80, 1.5, -1e308, "", "é,\\{", "MD5", "SHA-512", "{}", "[1]", "YWE="]
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
tokens = st.sampled_from(["$.a", "$.b[0]", "$", "$..a", "'x'", "'{}'", "1", "-2.5", "true", "null", ",", ", ", ")", "(",
                          "States.Array(", "States.Format(", "States.UUID()", "\\", "'"])  # fmt: skip


def outcome(query: Query, given: JSON) -> str | None:
    """The name of the error, or None when the value is JSON."""
    try:
        dumps(query.evaluate(Scope(given, {}, {}, dict)))
    except StatesError as error:
        return error.error
    return None


@MANY
@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(values, max_size=3))
def test_any_call_answers_json_or_fails_by_name(name: str, arguments: list[Any]) -> None:
    paths = ", ".join(f"$[{index}]" for index in range(len(arguments)))
    try:
        query = compile_intrinsic(f"States.{name}({paths})", "x.$")
    except PathSyntaxError:
        return
    assert outcome(query, arguments) in (None, "States.Runtime")


@MANY
@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(tokens, max_size=7), values)
def test_any_text_is_a_call_or_refused(name: str, parts: list[str], value: Any) -> None:
    try:
        query = compile_intrinsic(f"States.{name}({''.join(parts)})", "x.$")
    except PathSyntaxError:
        return
    assert outcome(query, value) in (None, "States.Runtime")
