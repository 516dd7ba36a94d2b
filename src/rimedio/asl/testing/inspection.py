"""What a state that was tried shows of itself, under the names of TestState."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rimedio.asl.expressions.query import MISSING, Missing
from rimedio.asl.integrations.http_task import Exchange
from rimedio.asl.jsontext import JSON

Step: TypeAlias = JSON | Missing
Validation: TypeAlias = Literal["STRICT", "PRESENT", "NONE"]


@dataclass(frozen=True)
class Circumstances:
    """What happened before, TestState's `stateConfiguration`.

    How often the matching Retry was used already; in which inner state a mocked error of a Map or Parallel arose;
    how many iterations of a Map failed; the text that its ItemReader found.
    """

    retrier_retry_count: int = 0
    error_caused_by_state: str | None = None
    map_iteration_failure_count: int | None = None
    map_item_reader_data: str | None = None


@dataclass(frozen=True)
class ErrorDetails:
    """What Retry or Catch made of an error: their index, and after how many seconds a retry would come."""

    catch_index: int | None = None
    retry_index: int | None = None
    retry_backoff_interval_seconds: int | None = None


@dataclass
class Inspection:
    """The data on its way, by TestState's names; MISSING where there is no such step, or it was not reached."""

    input: Step = MISSING
    after_arguments: Step = MISSING
    after_input_path: Step = MISSING
    after_parameters: Step = MISSING
    after_items_path: Step = MISSING
    after_items_pointer: Step = MISSING
    after_item_selector: Step = MISSING
    after_item_batcher: Step = MISSING
    result: Step = MISSING
    after_result_selector: Step = MISSING
    after_result_path: Step = MISSING
    max_concurrency: float | None = None
    tolerated_failure_count: float | None = None
    tolerated_failure_percentage: float | None = None
    error_details: ErrorDetails | None = None
    exchange: Exchange | None = None


@dataclass(frozen=True)
class TestedState:
    """What became of one state: SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR, as TestState says."""

    __test__ = False

    status: str
    output: JSON = None
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
    variables: Mapping[str, JSON] = field(default_factory=dict)
    inspection: Inspection = field(default_factory=Inspection)
