"""JSONPath as Step Functions reads it: what paths find, what they refuse, where results are put, payload templates."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.asl import StatesError
from rimedio.asl.expressions.jsonpath import BEYOND, JsonPathQuery, put_at
from rimedio.asl.expressions.jsonpath_parser import PathSyntaxError, parse_path
from rimedio.asl.expressions.payload import compile_path, compile_template
from rimedio.asl.expressions.query import MISSING, Missing, Scope
from rimedio.asl.jsontext import JSON, dumps

MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

STORE: JSON = {
    "books": [{"t": "a", "p": 1}, {"t": "b", "p": 5, "s": True}],
    "n": None,
    "e": [],
    "one": [7],
    "q'x": 3,
    "five": [0, 1, 2, 3, 4],
    "mixed": [1, "1", True, None, [1], {"a": 1}],
    "Ж": {"é.d": 1},
}


def scope(given: JSON = None, **variables: JSON) -> Scope:
    return Scope(given, {"input": given}, variables, lambda: {"State": 1})


def find(path: str, given: JSON = STORE) -> JSON | Missing:
    return parse_path(path).find(given)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.books[0].t", "a"),
        ("$.books[-1].t", "b"),
        ("$.books[*].t", ["a", "b"]),
        ("$.books.*.t", ["a", "b"]),
        ("$.books[0].*", ["a", 1]),
        ("$.books[0,1].p", [1, 5]),
        ("$.books[ 0 , 1 ].p", [1, 5]),
        ("$.books[0, 7].p", [1]),
        ("$['books'][0]['t']", "a"),
        ('$["books"][0]["t"]', "a"),
        ("$.['books'][0].t", "a"),
        ("$['q\\'x']", 3),
        ("$.Ж['é.d']", 1),
        ("$.n", None),
        ("$.books[(@.length-1)].t", "b"),
        ("$", STORE),
    ],
)
def test_names_indexes_and_wildcards(path: str, value: JSON) -> None:
    assert find(path) == value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.five[1:3]", [1, 2]),
        ("$.five[3:]", [3, 4]),
        ("$.five[-2:]", [3, 4]),
        ("$.five[:2]", [0, 1]),
        ("$.five[:-3]", [0, 1]),
        ("$.five[:99]", [0, 1, 2, 3, 4]),
        ("$.five[9:]", []),
        ("$.five[-3:-1]", [2, 3]),
        ("$.five[1:-1]", []),
        ("$.five[-2:1]", [3, 4, 0]),
        ("$.five[0:5:2]", [0, 1, 2, 3, 4]),
    ],
)
def test_slices_are_jayways(path: str, value: JSON) -> None:
    assert find(path) == value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$..p", [1, 5]),
        ("$..['t','p']", [{"t": "a", "p": 1}, {"t": "b", "p": 5}]),
        ("$..['t','s']", [{"t": "b", "s": True}]),
        ("$..[?(@.p > 2)]", [{"t": "b", "p": 5, "s": True}]),
        ("$.books..p", [1, 5]),
        ("$.books[0]..*", ["a", 1]),
        ("$..books[0].t", ["a"]),
        ("$.one..[0]", [7]),
        ("$..gone", []),
        ("$..gone[*]", []),
    ],
)
def test_deep_scans(path: str, value: JSON) -> None:
    assert find(path) == value


def test_after_a_deep_scan_to_an_array_more_steps_go_through_all_its_elements() -> None:
    assert find("$.books..[0].t", {"books": [{"t": "a"}, {"t": "b"}]}) == ["a", "b"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("@.p > 2", "b"),
        ("@.p >= 1 && @.p < 5", "a"),
        ("@.s", "b"),
        ("!@.s", "a"),
        ("!(@.s || @.p == 7)", "a"),
        ("@.s == true", "b"),
        ("@.s != true", "a"),
        ("@.p == 1.0", "a"),
        ("@.p == '1'", "a"),
        ("'1.0' == @.p", ""),
        ("@.p === '1'", ""),
        ("@.p !== '1'", "ab"),
        ("5 == @.p", "b"),
        ("@.t > 'a'", "b"),
        ("@.t > 0", ""),
        ('@.t == "b"', "b"),
        ("@['t'] == 'b'", "b"),
        ("@.t =~ /A/i", "a"),
        ("@.t =~ /A/", ""),
        ("@.t =~ /[ab]x?/", "ab"),
        ("@.p =~ /\\d/", "ab"),
        ("@.t in ['b', 'c']", "b"),
        ("@.t nin ['b', 'c']", "a"),
        ("@.t IN ['b']", "b"),
        ("@.t size 1", "ab"),
        ("@.t empty false", "ab"),
        ("@.t contains 'b'", "b"),
        ("@.gone == null", ""),
        ("@.gone != 1", "ab"),
        ("@.p == $.books[1].p", "b"),
        ("@.p in $.five", "a"),
        ("@.p in $.one", ""),
        ("@.gone", ""),
        ("@", "ab"),
    ],
)
def test_filters(condition: str, found: str) -> None:
    assert find(f"$.books[?({condition})].t") == list(found)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("@ == 1", [1, "1"]),
        ("@ == true", [True]),
        ("@ == null", [None]),
        ("@ contains 1", [[1]]),
        ("@ anyof [1, 2]", [[1]]),
        ("@ noneof [2]", [[1]]),
        ("@ subsetof [1, 2]", [[1]]),
        ("@ all [1]", [[1]]),
        ("@.a", [{"a": 1}]),
    ],
)
def test_filters_keep_types_apart_but_numbers_and_their_texts(condition: str, found: JSON) -> None:
    assert dumps(find(f"$.mixed[?({condition})]")) == dumps(found)  # type: ignore[arg-type]


def test_a_filter_on_an_object_keeps_or_drops_the_object_itself() -> None:
    assert find("$.a[?(@.b == 1)]", {"a": {"b": 1}}) == [{"b": 1}]
    assert find("$.a[?(@.b == 2)]", {"a": {"b": 1}}) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.books.length()", 2),
        ("$.books[0].length()", 2),
        ("$.books[0].t.length()", None),
        ("$.books[*].length()", [2, 3]),
        ("$.five.sum()", 10.0),
        ("$.five.min()", 0.0),
        ("$.five.max()", 4.0),
        ("$.five.avg()", 2.0),
        ("$.one.stddev()", 0.0),
        ("$.five.first()", 0),
        ("$.books.last().t", "b"),
        ("$.books[0].keys()", ["t", "p"]),
        ("$..p.sum()", 6.0),
        ("$..p.length()", 0),
        ("$..books.length()", 2),
    ],
)
def test_functions(path: str, value: JSON) -> None:
    found = find(path)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "path",
    [
        "$.nothing",
        "$.books.t",
        "$.n.x",
        "$.gone[*]",
        "$.gone..x",
        "$.n[0]",
        "$.n[0:2]",
        "$.n[?(@.x)]",
        "$.books[9].t",
        "$.books[9].t[*]",
        "$.e.sum()",
        "$.books[*].p.sum()",
    ],
)
def test_a_path_whose_beginning_is_not_there_finds_nothing(path: str) -> None:
    assert find(path) is MISSING


def test_elements_beyond_their_array_are_null_in_lists_and_in_payloads_but_missing_elsewhere() -> None:
    assert find("$.one[5]") is BEYOND
    assert find("$.one[0,5]") == [7, None]
    assert find("$.one[5][*]") == []
    assert compile_template({"x.$": "$.one[5]"}, "Parameters").evaluate(scope(STORE)) == {"x": None}
    for field in ("InputPath", "SecondsPath"):
        with pytest.raises(StatesError):
            compile_path("$.one[5]", field).evaluate(scope(STORE))


@pytest.mark.parametrize(
    "path",
    ["", "a", "$.", "$..", "$...a", "$[", "$[]", "$['a", "$.a b", "$a b", "$$23", "$.a[?(@.b ==)]", "$[:]", "$.a[1:x]",
     "$.a[?(@.b)", "$.a[?(@.b =~ /[/)]", "$.a[?()]", "$.a[?($$.b)]", "$.a[?($v.b)]", "$['a',]", "$[1,]", "$.a.nope()",
     "$.a[?(@.b == 1e999)]", "$" + ".a" * 500, "$.a[?" + "(" * 50 + "@.b" + ")" * 50 + "]",
     "$.a" + "[?(@" * 40 + ")]" * 40],
)  # fmt: skip
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathSyntaxError):
        parse_path(path)


@pytest.mark.parametrize(
    ("path", "is_reference"),
    [("$", True), ("$.a[0]['b']", True), ("$$.a", True), ("$v.a", True), ("$.a[*]", False), ("$..a", False),
     ("$.a[0,1]", False), ("$.a[0:1]", False), ("$.a.length()", False), ("$['a','b']", False)],
)  # fmt: skip
def test_reference_paths_name_one_place(path: str, is_reference: bool) -> None:
    assert parse_path(path).is_reference is is_reference


def test_putting_at_a_path_copies_what_it_changes() -> None:
    whole: JSON = {"a": {"b": 1}, "l": [1, 2]}
    assert put_at(parse_path("$.a.c.d"), whole, 5) == {"a": {"b": 1, "c": {"d": 5}}, "l": [1, 2]}
    assert put_at(parse_path("$.l[1]"), whole, 5) == {"a": {"b": 1}, "l": [1, 5]}
    assert put_at(parse_path("$"), whole, 5) == 5
    assert whole == {"a": {"b": 1}, "l": [1, 2]}


@pytest.mark.parametrize(
    ("path", "whole", "cause"),
    [
        ("$.a.b.c", {"a": {"b": 1}}, 'Unable to apply step "c" to input 1'),
        ("$.l[2]", {"l": [1, 2]}, 'Unable to apply step "2" to input [1,2]'),
        ("$.l[-1]", {"l": [1, 2]}, 'Unable to apply step "-1" to input [1,2]'),
        ("$.l.x", {"l": [1, 2]}, 'Unable to apply step "x" to input [1,2]'),
        ("$[0]", {}, 'Unable to apply step "0" to input {}'),
        ("$.new[0]", {}, 'Unable to apply step "0" to input {}'),
        ("$.x", "text", 'Unable to apply ReferencePath $.x to input "text"'),
        ("$.x", None, "Unable to apply ReferencePath $.x to input null"),
    ],
)
def test_a_result_that_fits_nowhere_fails_the_state(path: str, whole: JSON, cause: str) -> None:
    with pytest.raises(StatesError) as caught:
        put_at(parse_path(path), whole, 5)
    assert (caught.value.error, caught.value.cause) == ("States.ReferencePathConflict", cause)


def test_a_payload_template_computes_only_members_marked_with_a_dollar() -> None:
    template: JSON = {
        "x.$": "$.n",
        "y": "$.n",
        "z": [{"t.$": "$.books[0].t"}],
        "v.$": "$v",
        "c.$": "$$.State",
        "f.$": "States.Format('{}', $v)",
        ".$": "$.one",
    }
    value = compile_template(template, "Parameters").evaluate(scope(STORE, v=3))
    assert value == {"x": None, "y": "$.n", "z": [{"t": "a"}], "v": 3, "c": 1, "f": "3", "": [7]}


@pytest.mark.parametrize(
    ("path", "field", "cause"),
    [
        ("$.a.b", "x.$", "The JSONPath '$.a.b' specified for the field 'x.$' could not be found in the input '{}'"),
        ("$$.a", "x.$", "The JSONPath '$$.a' specified for the field 'x.$' could not be found in the input '{\"State\":1}'"),
        ("$.a", None, "Invalid path '$.a' : No results for path: $['a']"),
        ("$.a.b[0]", None, "Invalid path '$.a.b[0]' : Missing property in path $['a']"),
        ("$.a", "SecondsPath", "The SecondsPath parameter does not reference an input value: $.a"),
    ],
)  # fmt: skip
def test_a_path_that_finds_nothing_says_so_as_aws_does(path: str, field: str | None, cause: str) -> None:
    with pytest.raises(StatesError) as caught:
        JsonPathQuery(parse_path(path), field or "InputPath", field is None).evaluate(scope({}))
    assert (caught.value.error, caught.value.cause) == ("States.Runtime", cause)


def test_items_that_are_not_there_are_a_conflict() -> None:
    with pytest.raises(StatesError) as caught:
        compile_path("$.a.b", "ItemsPath", whole=True).evaluate(scope({"a": {"c": 1}}))
    found = (caught.value.error, caught.value.cause)
    assert found == ("States.ReferencePathConflict", 'Unable to apply step "b" to input {"c":1}')


WIDE: JSON = [{"a": 1, "b": "x" * 8} for _ in range(9_000)]  # 250 KB
DEEP: JSON = {}
for _ in range(500):
    DEEP = {"a": DEEP, "b": [1]}


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("$..*..*..*..*", DEEP),
        ("$..a..a..a..b", DEEP),
        ("$..[?(@..[?(@..b)])]", DEEP),
        ("$[?(@.b in $..b)]", WIDE),
        ("$[?($..a == $..a)]", WIDE),
        ("$[?(@ =~ /(a|a)*[bc]/)]", ["a" * 40]),
        ("$[?(@ =~ /(.*.*)*[bc]/)]", ["a" * 20_000]),
    ],
)
def test_paths_that_would_take_hours_are_given_up(
    path: str, given: JSON, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rimedio.asl.expressions.jsonpath.VISITS_MAX", 50_000)
    begun = time.thread_time()
    with pytest.raises(StatesError) as caught:
        find(path, given)
    assert caught.value.error == "States.Runtime"
    assert time.thread_time() - begun < 60  # less than a second, if no neighbour is on the core


@pytest.mark.parametrize("path", ["$..a", "$..*", "$[*].a", "$[?(@.a == 1)]", "$..[?(@.b)]", "$..b.length()"])
def test_paths_over_a_whole_payload_are_not_given_up(path: str) -> None:
    assert find(path, WIDE) is not MISSING


texts = st.text("$.a[]'*?@()<>=&|!~/ 01\"-\\:,{}", max_size=14) | st.lists(
    st.sampled_from(["$", "$$", "$v", ".a", "..", ".b", "[0]", "[-1]", "[*]", "*", "[?(", "@", "@.a", "==", "<", "in", "[1]",
                     "&&", "||", "!", "=~", "/a*/", ")]", ".sum()", ".length()", "['a','b']", "[1:", "2]", "'x'", "1", "null"]),
    max_size=8,
).map("".join)  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=12,
)


def outcome(work: Callable[[], object]) -> str | None:
    """The name of the error of a piece of work."""
    try:
        work()
    except StatesError as error:
        return error.error
    return None


@MANY
@given(texts, values)
def test_any_text_is_a_path_or_refused_and_any_path_finds_json_or_nothing(text: str, value: Any) -> None:
    try:
        query = JsonPathQuery(parse_path(text), "x.$")
    except PathSyntaxError:
        return
    assert outcome(lambda: dumps(query.evaluate(scope(value)))) in (None, "States.Runtime")


@MANY
@given(values, values, st.sampled_from(["$", "$.a", "$.a.b", "$.a[0]", "$[0]", "$.b[1].a"]))
def test_what_was_put_is_found_there(whole: Any, value: Any, text: str) -> None:
    path = parse_path(text)
    if outcome(lambda: put_at(path, whole, value)) != "States.ReferencePathConflict":
        assert path.find(put_at(path, whole, value)) == value
