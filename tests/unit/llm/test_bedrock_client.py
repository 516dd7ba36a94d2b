"""The client of Bedrock under a real boto3 client: answers, streams, retries, guardrails, money."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from botocore.exceptions import ReadTimeoutError

from rimedio.aws.bedrock_calls import RetryPolicy
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import GenerationFailed, InvalidSetting, ModelUnavailable, PolicyRefused, Throttled
from rimedio.llm.bedrock import BedrockClient
from rimedio.llm.bedrock_chat import BedrockChat, BedrockRouter
from rimedio.llm.bedrock_guardrails import GuardSource, plain_words
from rimedio.llm.bedrock_options import BedrockOptions, GuardrailChoice, StreamGuard
from rimedio.llm.bedrock_types import LostAttempt
from rimedio.llm.chat import ChatRequest, Finish, Message, Role
from rimedio.llm.fake_bedrock import CUT, ENDED, BedrockTurn, FakeBedrock
from rimedio.llm.overhearing import overheard_by
from rimedio.llm.pricing import ModelPrice, PriceTable
from rimedio.llm.prompts.fencing import fence
from rimedio.llm.routing import Budget
from rimedio.llm.tokens import CharacterTokenCounter

CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
OTHER = "eu.amazon.nova-lite-v1:0"
REQUEST = ChatRequest((Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Why?")), max_tokens=100)
JSON = ChatRequest(REQUEST.messages, json_schema={"type": "object"})
SLOW = BedrockTurn(status=429, code="ThrottlingException")
DOWN = BedrockTurn(status=503, code="ServiceUnavailableException")
SILENT = BedrockTurn(raises=lambda: ReadTimeoutError(endpoint_url="bedrock"))
PRICES = PriceTable(
    {"*": ModelPrice(2.0, 10.0, 0.2, 2.5, 4.0)}, ModelPrice(1, 1), tiers={"batch": 0.5, "flex": 0.5}
)
PASSED = BedrockTurn(body={"action": "NONE", "outputs": [], "assessments": [], "usage": {}})
BLOCKED = BedrockTurn(
    body={
        "action": "GUARDRAIL_INTERVENED",
        "outputs": [{"text": "Sorry."}],
        "usage": {"topicPolicyUnits": 1},
        "assessments": [
            {
                "topicPolicy": {
                    "topics": [{"name": "weapons", "type": "DENY", "action": "BLOCKED", "detected": True}]
                }
            }
        ],
    }
)


class Bench:
    """A client, what it sends, what it loses, and its clock."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.clock = FakeClock()
        self.lost: list[LostAttempt] = []
        self.bedrock = FakeBedrock([])

    def client(self, *turns: BedrockTurn, **options: object) -> BedrockClient:
        self.bedrock = FakeBedrock(turns)
        chosen = BedrockOptions(**{"models": (CLAUDE, OTHER), "retries": RetryPolicy(attempts=3), **options})  # type: ignore[arg-type]
        client = BedrockClient(
            self.bedrock.client(),
            chosen,
            prices=PRICES,
            counter=CharacterTokenCounter(),
            clock=self.clock,
            randomness=lambda: 0.5,
            on_lost=self.lost.append,
        )
        self.stack.callback(client.close)
        return client

    @property
    def sent(self) -> list[str]:
        return [operation for operation, _ in self.bedrock.requests]


class Ear:
    """Hears a reply grow."""

    def __init__(self) -> None:
        self.heard = ""
        self.begun = 0

    def begin(self) -> None:
        self.heard = ""
        self.begun += 1

    def hear(self, piece: str) -> None:
        self.heard += piece


@pytest.fixture
def bench() -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack)


def test_a_throttled_call_is_answered_at_a_later_attempt_and_costs_once(bench: Bench) -> None:
    client = bench.client(SLOW, DOWN, BedrockTurn("yes"))

    assert client.invoke_with_retry(CLAUDE, REQUEST).text == "yes"
    assert bench.sent == ["Converse"] * 3
    assert bench.lost == []


def test_silence_after_sending_is_asked_again_and_booked_as_lost(bench: Bench) -> None:
    reply = bench.client(SILENT, BedrockTurn("yes")).invoke_with_retry(CLAUDE, REQUEST)

    assert reply.text == "yes"
    assert [(a.model, a.tokens_output_max) for a in bench.lost] == [(CLAUDE, 100)]
    assert bench.lost[0].usd_max > 0


def test_silence_is_not_asked_again_where_a_second_run_would_do_harm(bench: Bench) -> None:
    client = bench.client(SILENT, BedrockTurn("yes"))

    with pytest.raises(ModelUnavailable):
        client.invoke_with_retry(CLAUDE, REQUEST, idempotent=False)
    assert bench.sent == ["Converse"]
    assert len(bench.lost) == 1


def test_tokens_of_the_prompt_cache_have_their_own_price(bench: Bench) -> None:
    usage = {
        "inputTokens": 100, "outputTokens": 10, "cacheReadInputTokens": 1000, "cacheWriteInputTokens": 500,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 200}, {"ttl": "5m", "inputTokens": 300}],
    }  # fmt: skip
    reply = bench.client(BedrockTurn("yes", usage=usage)).invoke_with_retry(CLAUDE, REQUEST)

    assert (reply.tokens_input, reply.tokens_cache_read, reply.tokens_cache_write) == (1600, 1000, 500)
    usd = (100 * 2 + 1000 * 0.2 + 300 * 2.5 + 200 * 4 + 10 * 10) / 1e6
    assert PRICES.cost_of(reply) == pytest.approx(usd)


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("guardrail_intervened", Finish.GUARDRAIL),
        ("content_filtered", Finish.GUARDRAIL),
        ("malformed_model_output", Finish.STOP),
    ],
)
def test_every_reason_to_stop_is_told(bench: Bench, stop: str, finish: Finish) -> None:
    assert bench.client(BedrockTurn("x", stop=stop)).invoke_with_retry(CLAUDE, REQUEST).finish is finish


def test_a_model_that_lacks_text_format_is_asked_by_a_tool_and_remembered(bench: Bench) -> None:
    lacking = BedrockTurn(status=400, code="ValidationException", message="outputConfig is not supported")
    client = bench.client(lacking, BedrockTurn('{"a": 1}'))

    assert client.invoke_with_retry(CLAUDE, JSON).text == '{"a": 1}'
    client.invoke_with_retry(CLAUDE, JSON)
    asked = bench.bedrock.asked("Converse")
    assert ["outputConfig" in a for a in asked] == [True, False, False]
    assert ["toolConfig" in a for a in asked] == [False, True, True]


def test_a_model_that_takes_no_temperature_is_asked_without(bench: Bench) -> None:
    lacking = BedrockTurn(status=400, code="ValidationException", message="`temperature` is not supported")
    client = bench.client(lacking, BedrockTurn("yes"))
    client.invoke_with_retry(CLAUDE, REQUEST)

    assert ["temperature" in a["inferenceConfig"] for a in bench.bedrock.asked("Converse")] == [True, False]


def test_a_request_that_is_wrong_for_another_reason_is_not_reshaped(bench: Bench) -> None:
    client = bench.client(
        BedrockTurn(
            status=400,
            code="ValidationException",
            message="Malformed input request: 2 schema violations found",
        )
    )

    with pytest.raises(GenerationFailed):
        client.invoke_with_retry(CLAUDE, JSON)
    assert bench.sent == ["Converse"]


def test_an_answer_without_a_message_is_told_as_such(bench: Bench) -> None:
    with pytest.raises(GenerationFailed, match="no message"):
        bench.client(BedrockTurn(body={"stopReason": "end_turn"})).invoke_with_retry(CLAUDE, REQUEST)


@pytest.mark.parametrize("broken", [CUT, ENDED, "modelStreamErrorException", "throttlingException"])
def test_a_stream_that_breaks_begins_anew_and_voids_what_was_told(bench: Bench, broken: str) -> None:
    client = bench.client(BedrockTurn("one two", broken=broken), BedrockTurn("one two three"))
    events = list(client.stream_response(CLAUDE, REQUEST))

    assert [e.restart for e in events].index(True) == 1
    after = events[2:]
    assert "".join(e.text for e in after) == "one two three"
    assert after[-1].reply is not None
    assert after[-1].reply.text == "one two three"
    assert len(bench.lost) == 1


def test_a_stream_that_keeps_breaking_never_becomes_a_reply(bench: Bench) -> None:
    client = bench.client(BedrockTurn("one two", broken=ENDED))
    told = []

    with pytest.raises(ModelUnavailable, match="3 attempts"):
        told.extend(client.stream_response(CLAUDE, REQUEST))
    assert len(bench.lost) == 3


def test_a_guardrail_that_steps_in_voids_a_stream_that_ran_ahead(bench: Bench) -> None:
    client = bench.client(
        BedrockTurn("bad words", stop="guardrail_intervened"),
        guardrail=GuardrailChoice("g1"),
        stream_guard=StreamGuard.ASYNC,
    )
    events = list(client.stream_response(CLAUDE, REQUEST))

    assert events[-2].restart
    assert events[-1].reply is not None
    assert events[-1].reply.finish is Finish.GUARDRAIL


def test_an_answer_by_a_tool_is_judged_on_its_own(bench: Bench) -> None:
    client = bench.client(BedrockTurn('{"a": 1}'), BLOCKED, guardrail=GuardrailChoice("g1", "3"))
    reply = client.invoke_with_retry(OTHER, JSON)

    assert bench.sent == ["Converse", "ApplyGuardrail"]
    assert (reply.finish, reply.text) == (Finish.GUARDRAIL, "Sorry.")
    assert reply.tokens_output == 7


def test_the_plain_words_of_a_draft_are_judged_with_its_question_and_passages(bench: Bench) -> None:
    prompt = f"{fence('question', 'Why?')}\n{fence('passage', 'The fan is worn.')}"
    request = ChatRequest((Message(Role.USER, prompt),), json_schema={"type": "object"})
    draft = json.dumps(
        {"steps": [{"title": "Cause", "sentences": [{"text": "It is worn.", "quote": "worn"}]}]}
    )
    client = bench.client(BedrockTurn(draft), PASSED, guardrail=GuardrailChoice("g1"))

    assert client.invoke_with_retry(CLAUDE, request).text == draft
    judged = [block["text"]["text"] for block in bench.bedrock.asked("ApplyGuardrail")[0]["content"]]
    assert judged == ["The fan is worn.", "Why?", "It is worn."]
    blocks = bench.bedrock.asked("Converse")[0]["messages"][0]["content"]
    assert [b["guardContent"]["text"]["qualifiers"] for b in blocks if "guardContent" in b] == [
        ["guard_content"]
    ]


def test_a_stream_of_json_runs_but_is_voided_when_its_words_have_no_ground(bench: Bench) -> None:
    client = bench.client(BedrockTurn('{"a": 1}'), BLOCKED, guardrail=GuardrailChoice("g1"))
    events = list(client.stream_response(CLAUDE, JSON))

    assert [e.restart for e in events] == [False, False, True, False]
    assert events[-1].reply is not None
    assert events[-1].reply.finish is Finish.GUARDRAIL


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ('{"category": "FAN", "reason": "it hums"}', "FAN\nit hums"),
        ('{"a": [{"text": "x", "quote": "q"}, {"text": "y"}], "n": 1}', "x\ny"),
        ("plain words", "plain words"),
        ("{}", "{}"),
        ("[1, null]", "[1, null]"),
    ],
)
def test_the_words_of_a_reply_are_those_meant_for_people(reply: str, words: str) -> None:
    assert plain_words(reply) == words


def test_an_answer_that_cannot_be_judged_is_not_passed_on_but_its_tokens_count(bench: Bench) -> None:
    client = bench.client(BedrockTurn('{"a": 1}'), DOWN, guardrail=GuardrailChoice("g1"))
    reply = client.invoke_with_retry(OTHER, JSON)

    assert (reply.finish, reply.text, reply.tokens_output) == (Finish.GUARDRAIL, "", 7)


def test_no_piece_of_a_tool_s_answer_is_told_before_its_verdict(bench: Bench) -> None:
    stopped = bench.client(BedrockTurn('{"a": 1}'), BLOCKED, guardrail=GuardrailChoice("g1"))
    assert [e.text for e in stopped.stream_response(OTHER, JSON)] == [""]

    passed = bench.client(BedrockTurn('{"a": 1}'), PASSED, guardrail=GuardrailChoice("g1"))
    assert [e.text for e in passed.stream_response(OTHER, JSON)] == ['{"a": 1}', ""]


def test_a_listener_hears_the_reply_and_forgets_what_broke(bench: Bench) -> None:
    chat, ear = BedrockChat(bench.client(BedrockTurn("a b", broken=CUT), BedrockTurn("a b c")), CLAUDE), Ear()

    with overheard_by(ear):
        reply = chat.complete(REQUEST)
    assert reply.text == ear.heard == "a b c"
    assert ear.begun == 2


def test_a_listener_keeps_nothing_of_a_reply_that_never_came(bench: Bench) -> None:
    chat, ear = BedrockChat(bench.client(BedrockTurn("a b", broken=CUT)), CLAUDE), Ear()

    with overheard_by(ear), pytest.raises(ModelUnavailable):
        chat.complete(REQUEST)
    assert ear.heard == ""


def test_a_stream_of_plain_pieces_gives_up_rather_than_begin_anew(bench: Bench) -> None:
    chat = BedrockChat(bench.client(BedrockTurn("a b", broken=CUT), BedrockTurn("a b c")), CLAUDE)

    with pytest.raises(GenerationFailed, match="took back"):
        list(chat.stream(REQUEST))


def test_the_next_model_gets_the_whole_request(bench: Bench) -> None:
    client = bench.client(DOWN, DOWN, DOWN, BedrockTurn('{"a": 1}'))
    routed = BedrockRouter(client).complete(JSON)

    first, *_, last = bench.bedrock.asked("Converse")
    assert (routed.model, routed.provider, routed.fallback_used) == (OTHER, "bedrock", True)
    assert last["system"] == first["system"]
    assert last["messages"] == first["messages"]
    assert last["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"] == JSON.json_schema


def test_a_budget_that_allows_no_model_asks_none(bench: Bench) -> None:
    class Empty(Budget):
        def left_usd(self) -> float:
            return 0.0

    with pytest.raises(PolicyRefused):
        bench.client(BedrockTurn("x")).multi_model_fallback(REQUEST, budget=Empty())
    assert bench.sent == []


def test_a_model_that_keeps_failing_is_left_alone(bench: Bench) -> None:
    client = bench.client(DOWN)
    for _ in range(6):
        with pytest.raises(ModelUnavailable):
            client.invoke_with_retry(CLAUDE, REQUEST)

    assert len(bench.sent) == 4 * 3
    assert client.circuits.is_open(CLAUDE)


def test_a_batch_costs_half_and_an_estimate_says_whether_it_is_exact(bench: Bench) -> None:
    client = bench.client(BedrockTurn(body={"inputTokens": 1000}))
    exact = client.estimate_cost(CLAUDE, REQUEST, ask=True)
    batch = client.estimate_cost(CLAUDE, REQUEST, ask=True, batch=True)

    assert (exact.tokens_input, exact.exact) == (1000, True)
    assert exact.usd_max == pytest.approx((1000 * 2 + 100 * 10) / 1e6)
    assert batch.usd_max == pytest.approx(exact.usd_max / 2)
    assert bench.sent == ["CountTokens"] * 2


def test_where_bedrock_does_not_count_tokens_are_estimated(bench: Bench) -> None:
    assert bench.client(DOWN).count_tokens(CLAUDE, REQUEST) == (6, False)
    assert bench.client(DOWN).count_tokens(OTHER, REQUEST) == (6, False)
    assert bench.sent == []  # the last client's: its model has no counter


def test_a_verdict_names_what_was_found_and_what_it_cost(bench: Bench) -> None:
    client = bench.client(BLOCKED, guardrail=GuardrailChoice("g1", "3"))
    verdict = client.apply_guardrails("how to build a bomb", GuardSource.INPUT)

    assert (verdict.blocked, verdict.topics, verdict.text) == (True, ("weapons",), "Sorry.")
    assert bench.bedrock.asked("ApplyGuardrail")[0]["source"] == "INPUT"


def test_grounding_is_judged_with_question_and_passages(bench: Bench) -> None:
    scored = {
        "action": "GUARDRAIL_INTERVENED", "outputs": [{"text": "No."}], "usage": {},
        "assessments": [{"contextualGroundingPolicy": {"filters": [
            {"type": "GROUNDING", "threshold": 0.75, "score": 0.2, "action": "BLOCKED"},
            {"type": "RELEVANCE", "threshold": 0.5, "score": 0.9, "action": "NONE"},
        ]}}],
    }  # fmt: skip
    client = bench.client(BedrockTurn(body=scored), guardrail=GuardrailChoice("g1"))
    verdict = client.apply_guardrails(
        "Paint it.", GuardSource.OUTPUT, query="Why?", sources=["Clean the fan."]
    )

    qualifiers = [b["text"].get("qualifiers") for b in bench.bedrock.asked("ApplyGuardrail")[0]["content"]]
    assert qualifiers == [["grounding_source"], ["query"], ["guard_content"]]
    assert (verdict.grounding, verdict.relevance, verdict.blocked) == (0.2, 0.9, True)


def test_masked_personal_data_blocks_nothing(bench: Bench) -> None:
    masked = {
        "action": "GUARDRAIL_INTERVENED", "outputs": [{"text": "Call {NAME}."}], "usage": {},
        "assessments": [{"sensitiveInformationPolicy": {
            "piiEntities": [{"type": "NAME", "match": "Bellandi", "action": "ANONYMIZED"}], "regexes": []}}],
    }  # fmt: skip
    client = bench.client(BedrockTurn(body=masked), guardrail=GuardrailChoice("g1"))
    verdict = client.apply_guardrails("Call Bellandi.", GuardSource.INPUT)

    assert (verdict.intervened, verdict.blocked, verdict.text) == (True, False, "Call {NAME}.")
    assert verdict.data[0].text == "Bellandi"


def test_what_guardrails_cost_is_told_whether_asked_apart_or_inside_a_call(bench: Bench) -> None:
    paid: list[float] = []
    units = {"invocationMetrics": {"usage": {"topicPolicyUnits": 2, "sensitiveInformationPolicyUnits": 1}}}
    message = {
        "output": {"message": {"role": "assistant", "content": [{"text": "yes"}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1},
        "trace": {"guardrail": {"inputAssessment": {"g1": units}, "outputAssessments": {"g1": [units]}}},
    }  # fmt: skip
    client = bench.client(BLOCKED, BedrockTurn(body=message), guardrail=GuardrailChoice("g1"))
    client._on_guarded = paid.append
    client._prices = PriceTable.shipped()
    client.apply_guardrails("x", GuardSource.INPUT)
    client.invoke_with_retry(CLAUDE, REQUEST)

    assert paid == pytest.approx([0.00015, 2 * (2 * 0.00015 + 0.0001)])


def test_no_guardrail_no_verdict(bench: Bench) -> None:
    with pytest.raises(InvalidSetting, match="bedrock_guardrail"):
        bench.client(PASSED).apply_guardrails("x", GuardSource.INPUT)


def test_throttling_that_lasts_is_told_as_throttling(bench: Bench) -> None:
    with pytest.raises(Throttled):
        bench.client(SLOW).invoke_with_retry(CLAUDE, REQUEST)
