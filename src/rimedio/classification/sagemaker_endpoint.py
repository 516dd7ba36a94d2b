"""A classifier behind a SageMaker endpoint: BlazingText's own container, or the one of `sagemaker_inference`.

An endpoint that throttles, hangs or fails must not stop tickets: with a classifier at hand in the function
itself, that one answers instead; without, the error says which kind it is, and the workflow retries what passes
and asks for a second opinion otherwise.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, ValidationError

from rimedio.aws import Client, error_code, translated
from rimedio.classification.features import classifier_line, from_fasttext_label
from rimedio.classification.predict import TOP, UNKNOWN, UNKNOWN_BELOW, Classification, Classifier, Guess
from rimedio.domain.errors import ModelUnavailable, NotFound, Throttled, Unavailable

JSON = "application/json"
REPLY_BYTES_MAX = 1024 * 1024
_SERVICE = "Amazon SageMaker"
_BUSY = frozenset({"ModelNotReadyException", "ServiceUnavailable", "ThrottlingException"})


class Container(StrEnum):
    """Whose format the endpoint speaks."""

    BLAZINGTEXT = "blazingtext"  # fastText alone, uncalibrated
    RIMEDIO = "rimedio"  # both models, mixed and calibrated, as at home


@dataclass(frozen=True, slots=True)
class EndpointChoice:
    """Which endpoint, and what of it. `variant` asks one production variant; `component` an inference component."""

    name: str
    container: Container = Container.RIMEDIO
    variant: str | None = None
    component: str | None = None

    @property
    def arguments(self) -> Mapping[str, str]:
        """As InvokeEndpoint takes them."""
        chosen = {"TargetVariant": self.variant, "InferenceComponentName": self.component}
        return {"EndpointName": self.name} | {name: value for name, value in chosen.items() if value}


class _Guess(BaseModel):
    model_config = ConfigDict(extra="ignore")
    label: str
    probability: float


class _Prediction(BaseModel):
    model_config = ConfigDict(extra="ignore")
    label: str
    confidence: float
    top: list[_Guess]


class _RimedioReply(BaseModel):
    model_config = ConfigDict(extra="ignore")
    version: str
    predictions: list[_Prediction]


class _BlazingTextRow(BaseModel):
    model_config = ConfigDict(extra="ignore")
    label: list[str]
    prob: list[float]


class EndpointClassifier:
    """A `Classifier` over an endpoint. Safe to share between threads, as the client is."""

    def __init__(
        self,
        client: Client,
        choice: EndpointChoice,
        *,
        unknown_below: float = UNKNOWN_BELOW,
        on_answered: Callable[[str], None] = lambda _variant: None,
    ) -> None:
        """`on_answered` is told which production variant answered: the share of each in a comparison."""
        self._client = client
        self._choice = choice
        self._unknown_below = unknown_below
        self._on_answered = on_answered
        self._version = choice.name

    @property
    def version(self) -> str:
        """The model's own version once it answered, else the endpoint's name."""
        return self._version

    def classify(self, text: str) -> Classification:
        """The category of `text`. Raises Throttled, ModelUnavailable."""
        if not classifier_line(text):
            return Classification(UNKNOWN, 0.0, (), self.version)
        content, variant = self._invoke(self._question(text))
        try:
            found = self._read(content)
        except (ValidationError, ValueError, IndexError) as error:
            msg = (
                f"The endpoint {self._choice.name} answered what no {self._choice.container} container says: "
            )
            raise ModelUnavailable(f"{msg}{content[:120]!r}. Check the setting of its container.") from error
        self._on_answered(variant)
        return found

    def _question(self, text: str) -> bytes:
        if self._choice.container is Container.BLAZINGTEXT:
            asked = {"instances": [classifier_line(text)], "configuration": {"k": TOP}}
        else:
            asked = {"instances": [text], "configuration": {"k": TOP}}
        return json.dumps(asked, ensure_ascii=False).encode()

    def _read(self, content: bytes) -> Classification:
        if self._choice.container is Container.RIMEDIO:
            reply = _RimedioReply.model_validate_json(content)
            self._version = reply.version
            [told] = reply.predictions
            top = tuple(Guess(g.label, g.probability) for g in told.top)
            return Classification(told.label, told.confidence, top, reply.version)
        [row] = [_BlazingTextRow.model_validate(r) for r in json.loads(content)]
        guesses = zip(row.label, row.prob, strict=True)
        top = tuple(Guess(from_fasttext_label(label), min(1.0, chance)) for label, chance in guesses)
        sure = top[0].probability >= self._unknown_below
        return Classification(top[0].label if sure else UNKNOWN, top[0].probability, top, self.version)

    def _invoke(self, body: bytes) -> tuple[bytes, str]:
        from botocore.exceptions import ClientError

        doing = f"asking the endpoint {self._choice.name}"
        try:
            with translated(_SERVICE, doing, otherwise=ModelUnavailable):
                try:
                    reply = self._client.invoke_endpoint(
                        **self._choice.arguments, Body=body, ContentType=JSON, Accept=JSON
                    )
                    content: bytes = reply["Body"].read(REPLY_BYTES_MAX)
                except ClientError as error:
                    if error_code(error) in _BUSY:
                        raise Throttled(f"{_SERVICE} is busy while {doing}: {error}") from error
                    raise
        except (Throttled, ModelUnavailable):
            raise
        except (NotFound, Unavailable) as error:
            raise ModelUnavailable(str(error)) from error
        return content, str(reply.get("InvokedProductionVariant", ""))


@dataclass(frozen=True)
class DegradingClassifier:
    """Asks `first`; whatever keeps it from answering, `local` answers, and `on_degraded` is told why."""

    first: Classifier
    local: Callable[[], Classifier]
    on_degraded: Callable[[str], None] = lambda _why: None

    @property
    def version(self) -> str:
        """Of the one that is asked first."""
        return self.first.version

    def classify(self, text: str) -> Classification:
        """The category of `text`. Raises what `first` raised where there is no local model either."""
        try:
            return self.first.classify(text)
        except Unavailable as error:
            try:
                answer = self.local().classify(text)
            except ModelUnavailable:
                raise error from None
            self.on_degraded(str(error))
            return answer
