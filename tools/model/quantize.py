"""fp32 graph → int8 file, with onnxruntime's dynamic quantization."""

import logging
from pathlib import Path

import onnx

from rimedio.knowledge.embedding.onnx import runtime


def write_int8(model: onnx.ModelProto, target: Path) -> None:
    """Quantize every constant MatMul per column. 7 of 8 bits: AVX2 without VNNI overflows with 8."""
    runtime()  # before anything else of it is loaded: without its telemetry
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().setLevel(logging.ERROR)  # it advises a preparation that this graph has no use for
    quantize_dynamic(
        model,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
