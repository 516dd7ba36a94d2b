"""What every chat model keeps, whatever stands behind it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import GenerationFailed, ModelUnavailable, RimedioError, Throttled
from rimedio.llm.bedrock import BedrockClient
from rimedio.llm.bedrock_chat import BedrockChat
from rimedio.llm.bedrock_options import BedrockOptions
from rimedio.llm.chat import ChatModel, ChatRequest, Finish, Message, Role
from rimedio.llm.fake import FakeChatModel
from rimedio.llm.fake_bedrock import BedrockTurn, FakeBedrock
from rimedio.llm.fake_server import FakeChatServer, Turn
from rimedio.llm.openai_compatible import Endpoint, OpenAICompatibleChat
from rimedio.llm.pricing import PriceTable
from rimedio.llm.tokens import CharacterTokenCounter

REQUEST = ChatRequest((Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Say yes.")), max_tokens=50)
Make = Callable[[str], ChatModel]
FAILURES = {
    "throttled": Throttled("slow"),
    "down": ModelUnavailable("down"),
    "refused": GenerationFailed("no"),
}
STATUS = {"throttled": 429, "down": 503, "refused": 413}
CODES = {
    "throttled": BedrockTurn(status=429, code="ThrottlingException"),
    "down": BedrockTurn(status=503, code="ServiceUnavailableException"),
    "refused": BedrockTurn(status=400, code="ValidationException"),
}


@pytest.fixture(params=["fake", "openai-compatible", "bedrock"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """A model that replies with the words given, or fails as the word says."""
    with ExitStack() as stack:

        def fake(said: str) -> ChatModel:
            return FakeChatModel([FAILURES.get(said, said)])

        def over_http(said: str) -> ChatModel:
            turn = Turn(status=STATUS[said], raw=b"{}") if said in STATUS else Turn(said)
            server = stack.enter_context(FakeChatServer([turn]))
            model = OpenAICompatibleChat(Endpoint(server.url, "m-1", timeout_seconds=60))
            stack.callback(model.close)
            return model

        def on_bedrock(said: str) -> ChatModel:
            client = BedrockClient(
                FakeBedrock([CODES.get(said, BedrockTurn(said))]).client(),
                BedrockOptions(("m-1",)),
                prices=PriceTable.shipped(),
                counter=CharacterTokenCounter(),
                clock=FakeClock(),
            )
            stack.callback(client.close)
            return BedrockChat(client, "m-1")

        yield {"fake": fake, "openai-compatible": over_http, "bedrock": on_bedrock}[request.param]


def test_it_names_itself(make: Make):
    model = make("yes")

    assert model.provider
    assert model.model


def test_it_replies_with_text_finish_and_usage(make: Make):
    reply = make("yes indeed").complete(REQUEST)

    assert reply.text == "yes indeed"
    assert reply.finish is Finish.STOP
    assert reply.tokens_input > 0
    assert reply.tokens_output > 0
    assert reply.model


def test_it_accepts_a_schema(make: Make):
    request = ChatRequest(REQUEST.messages, json_schema={"type": "object"})

    assert make('{"a": 1}').complete(request).text == '{"a": 1}'


def test_words_of_any_alphabet_survive(make: Make):
    assert make("però 25 °C – «sì» 漢").complete(REQUEST).text == "però 25 °C – «sì» 漢"


@pytest.mark.parametrize(
    ("failure", "error"),
    [("throttled", Throttled), ("down", ModelUnavailable), ("refused", GenerationFailed)],
)
def test_failures_are_told_in_the_trees_words(make: Make, failure: str, error: type[RimedioError]):
    with pytest.raises(error):
        make(failure).complete(REQUEST)


def test_its_stream_adds_up_to_its_reply(make: Make):
    assert "".join(make("one two three").stream(REQUEST)) == "one two three"  # type: ignore[attr-defined]
