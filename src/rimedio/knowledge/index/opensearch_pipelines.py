"""Search pipelines for the server's own hybrid query: bodies to PUT under `/_search/pipeline/NAME`.

Rimedio fuses by itself, so that both homes rank alike; these are for who wants the server to do it. Two ways:
scores brought to 0..1 and averaged (`normalization-processor`), or ranks alone (`score-ranker-processor`, from
2.19 on). BM25 has no upper bound, so raw scores are never added to a cosine.
"""

from collections.abc import Sequence
from enum import StrEnum

from rimedio.domain.errors import InvalidSetting
from rimedio.knowledge.index.opensearch_client import Json

RANK_CONSTANT = 60  # the server's default; Rimedio measured 10 as better at the top


class Normalization(StrEnum):
    """How each way's scores are brought to 0..1."""

    MIN_MAX = "min_max"
    L2 = "l2"
    Z_SCORE = "z_score"  # from 3.0 on


class Combination(StrEnum):
    """How the ways' scores become one."""

    ARITHMETIC = "arithmetic_mean"
    GEOMETRIC = "geometric_mean"
    HARMONIC = "harmonic_mean"


def normalization_pipeline(
    weights: Sequence[float] = (0.5, 0.5),
    normalization: Normalization = Normalization.MIN_MAX,
    combination: Combination = Combination.ARITHMETIC,
) -> Json:
    """Fuses by scores; `weights` in the order of the hybrid query's ways. Raises InvalidSetting."""
    if not weights or abs(sum(weights) - 1.0) > 1e-6 or min(weights) < 0:
        msg = f"The weights {list(weights)} do not add up to 1. Give one weight of 0 or more to each query."
        raise InvalidSetting(msg)
    if normalization is Normalization.Z_SCORE and combination is not Combination.ARITHMETIC:
        raise InvalidSetting("z_score has negative values: combine it by arithmetic_mean.")
    processor = {
        "normalization": {"technique": str(normalization)},
        "combination": {"technique": str(combination), "parameters": {"weights": list(weights)}},
    }
    return {
        "description": "Words and meaning, each brought to 0..1, averaged",
        "phase_results_processors": [{"normalization-processor": processor}],
    }


def rank_pipeline(rank_constant: int = RANK_CONSTANT) -> Json:
    """Fuses by reciprocal rank. Raises InvalidSetting for a constant that the server refuses."""
    if not 1 <= rank_constant <= 10_000:
        raise InvalidSetting(f"The rank constant {rank_constant} is not within 1 to 10000.")
    processor = {"combination": {"technique": "rrf", "rank_constant": rank_constant}}
    return {
        "description": "Words and meaning by reciprocal rank",
        "phase_results_processors": [{"score-ranker-processor": processor}],
    }
