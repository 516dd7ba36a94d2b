"""The vocabulary cut to the Latin script, and the tokenizer that goes with it.

Every piece made only of ASCII, Western European letters, Greek letters (units, formulas) and symbols stays,
so a text in that alphabet gets exactly the pieces, and so the vector, of the full model.
"""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.model.e5_file import Pieces

SPECIAL_SCORE = -100.0  # no text can be cut into a special token: any other way is cheaper
LETTERS = "ŒœŠšŽžŸıĀāĒēĪīŌōŪū"


@dataclass(frozen=True)
class Cut:
    """The pieces that stay: `rows` are their places in the full table."""

    rows: NDArray[np.int64]
    texts: list[str]
    scores: list[float]
    bos: int
    eos: int
    pad: int
    unknown: int


def cut(pieces: Pieces) -> Cut:
    """Keep the special tokens and the pieces of the alphabet."""
    special = {pieces.bos, pieces.eos, pieces.pad, pieces.unknown}
    rows = [i for i, text in enumerate(pieces.texts) if i in special or _kept(text)]
    place = {row: i for i, row in enumerate(rows)}
    return Cut(
        np.array(rows, np.int64),
        [pieces.texts[i] for i in rows],
        [SPECIAL_SCORE if i in special else pieces.scores[i] for i in rows],
        place[pieces.bos],
        place[pieces.eos],
        place[pieces.pad],
        place[pieces.unknown],
    )


def _kept(piece: str) -> bool:
    return piece != "<mask>" and all(
        c < "\u0100" or "\u0391" <= c <= "\u03c9" or "\u2000" <= c < "\u2c00" or c in LETTERS for c in piece
    )


def tokenizer_json(vocabulary: Cut, max_tokens: int) -> str:
    """A `tokenizer.json` of the `tokenizers` library: unigram over metaspaces, `<s> … </s>`, truncated.

    The character table cannot be written there; the embedder applies it before.
    """
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import Unigram
    from tokenizers.normalizers import Replace
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.processors import TemplateProcessing

    pieces = list(zip(vocabulary.texts, vocabulary.scores, strict=True))
    tokenizer = Tokenizer(Unigram(pieces, vocabulary.unknown, byte_fallback=False))
    tokenizer.normalizer = Replace(Regex(" {2,}"), " ")
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always")
    bos, eos = vocabulary.texts[vocabulary.bos], vocabulary.texts[vocabulary.eos]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A {eos}", special_tokens=[(bos, vocabulary.bos), (eos, vocabulary.eos)]
    )
    tokenizer.enable_truncation(max_tokens)
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
