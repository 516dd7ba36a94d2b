"""Checks a built model against an independent path: full vocabulary, own Viterbi, NumPy fp32."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import onnx

from rimedio.knowledge.embedding.onnx import runtime
from tools.model.e5_file import E5File
from tools.model.network import Floats, Network

SENTENCES = (
    "query: Il contattore della salita resta incollato quando la cabina riparte",
    "passage: E407/01: check the wiring of the sensor (10 kΩ at 25 °C), then replace it — part 81-2200-X.",
    "passage: Perché l'inverter si ferma? La tensione d'ingresso supera i 1.000 V; è già noto, così si può…",
)
COSINE_FP32 = 0.9999
COSINE_INT8 = 0.98
LONG = 60  # more characters than any piece has


class Disagreement(Exception):
    """The built model does not compute what the weights say."""


def check_fp32(model: onnx.ModelProto, network: Network, ids: list[list[int]]) -> None:
    """The graph, before quantization, agrees with NumPy."""
    _compare(model.SerializeToString(), network, ids, ids, COSINE_FP32)


def check_int8(path: Path, network: Network, own: list[list[int]], full: list[list[int]]) -> float:
    """The least cosine; `own` are ids in the file's vocabulary, `full` in that of `network`."""
    return _compare(str(path), network, own, full, COSINE_INT8)


def own_ids(tokenizer_json: str, characters: dict[int, str]) -> list[list[int]]:
    """What the shipped tokenizer makes of the sentences."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(tokenizer_json)
    return [
        tokenizer.encode(unicodedata.normalize("NFC", text).translate(characters)).ids for text in SENTENCES
    ]


def full_ids(file: E5File) -> list[list[int]]:
    """The sentences cut by Viterbi over the whole published vocabulary."""
    score = {text: (value, i) for i, (text, value) in enumerate(zip(*_usable(file), strict=True)) if text}
    return [[file.pieces.bos, *_best_cut(text, score, file), file.pieces.eos] for text in SENTENCES]


def _usable(file: E5File) -> tuple[list[str], list[float]]:
    special = {file.pieces.bos, file.pieces.eos, file.pieces.pad, file.pieces.unknown}
    texts = ["" if i in special else text for i, text in enumerate(file.pieces.texts)]
    return texts, file.pieces.scores


def _best_cut(text: str, score: dict[str, tuple[float, int]], file: E5File) -> list[int]:
    clean = " ".join(unicodedata.normalize("NFC", text).translate(file.characters).split(" "))
    line = "▁" + clean.replace(" ", "▁")
    best: list[tuple[float, int, int]] = [(0.0, 0, -1)]  # score so far, where the last piece begins, its id
    for end in range(1, len(line) + 1):
        ways = [(best[end - 1][0] - 100, end - 1, file.pieces.unknown)]
        starts = range(max(0, end - LONG), end)
        known = [(start, score[line[start:end]]) for start in starts if line[start:end] in score]
        ways += [(best[start][0] + value, start, piece) for start, (value, piece) in known]
        best.append(max(ways))
    ids: list[int] = []
    end = len(line)
    while end:
        _, start, piece = best[end]
        ids.append(piece)
        end = start
    return ids[::-1]


def _compare(
    model: str | bytes, network: Network, own: list[list[int]], full: list[list[int]], least: float
) -> float:
    session = runtime().InferenceSession(model, providers=["CPUExecutionProvider"])
    cosines = []
    for ids, reference_ids in zip(own, full, strict=True):
        row = np.array([ids], np.int64)
        vector: Floats = session.run(None, {"input_ids": row, "attention_mask": np.ones_like(row)})[0][0]
        cosines.append(float(vector @ network.embed(reference_ids)))
    if min(cosines) < least:
        raise Disagreement(
            f"The ONNX model and NumPy disagree on {json.dumps(SENTENCES[cosines.index(min(cosines))])}: "
            f"cosine {min(cosines):.4f}, at least {least} is expected."
        )
    return min(cosines)
