# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert a float TensorFlow Lite network to ONNX, exactly and repeatably.

Covers the operators of Google's Face Landmarker networks; anything else raises an
UnsupportedOperatorError instead of being guessed. TFLite stores images as NHWC, ONNX computes in
NCHW: a value is transposed only where a consumer needs the other layout.

TFLite schema: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/schema/schema.fbs
ONNX operators: https://onnx.ai/onnx/operators/ (opset 18).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
import onnx
import tflite
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Layout = Literal["NHWC", "NCHW"]
Array = NDArray[Any]

OPSET: Final = 18
IR_VERSION: Final = 9
# Below this many elements a float16 copy saves nothing worth a Cast node.
SMALLEST_HALF_TENSOR: Final = 16

_DTYPES: Final = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
}
_OPERATOR_NAMES: Final = {
    code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)
}
_TO_NCHW: Final = (0, 3, 1, 2)
_TO_NHWC: Final = (0, 2, 3, 1)


class UnsupportedOperatorError(ValueError):
    """The network uses something that this converter doesn't know."""


def convert(tflite_bytes: bytes) -> onnx.ModelProto:
    """The ONNX model of a TFLite file's first subgraph, checked.

    Inputs and outputs keep their names, shapes and NHWC order. Weights that float16 holds exactly
    are stored as float16 behind a Cast, so that the arithmetic stays float32.
    """
    model = _store_exact_halves(_Converter(tflite_bytes).model())
    onnx.checker.check_model(model, full_check=True)
    return model


def _store_exact_halves(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace float32 initialisers that float16 represents exactly by float16 plus Cast."""
    graph = model.graph
    initialisers, casts = [], []
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        if not _fits_float16(array):
            initialisers.append(tensor)
            continue
        name = f"{tensor.name}_half"
        initialisers.append(numpy_helper.from_array(array.astype(np.float16), name))
        casts.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(initialisers)
    graph.node.extend(casts + nodes)
    return model


def _fits_float16(array: Array) -> bool:
    if array.dtype != np.float32 or array.size <= SMALLEST_HALF_TENSOR:
        return False
    with np.errstate(over="ignore"):
        return np.array_equal(array.astype(np.float16).astype(np.float32), array)


def _same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TFLite's SAME padding before and after one axis: the odd pixel goes after."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


class _Converter:
    """Walks the operators once, in order, emitting ONNX nodes."""

    def __init__(self, tflite_bytes: bytes) -> None:
        self._model = tflite.Model.GetRootAsModel(tflite_bytes, 0)
        self._graph = self._model.Subgraphs(0)
        self._nodes: list[onnx.NodeProto] = []
        self._initialisers: list[onnx.TensorProto] = []
        self._constants: dict[int, Array] = self._read_constants()
        self._values: dict[int, dict[Layout, str]] = {}

    def model(self) -> onnx.ModelProto:
        inputs = [self._declare_input(int(index)) for index in self._graph.InputsAsNumpy()]
        for position in range(self._graph.OperatorsLength()):
            self._convert_operator(self._graph.Operators(position))
        outputs = [self._declare_output(int(index)) for index in self._graph.OutputsAsNumpy()]
        graph = helper.make_graph(self._nodes, "network", inputs, outputs, self._initialisers)
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)

    # --- reading TFLite -----------------------------------------------------------------------

    def _read_constants(self) -> dict[int, Array]:
        constants: dict[int, Array] = {}
        for index in range(self._graph.TensorsLength()):
            tensor = self._graph.Tensors(index)
            data = self._model.Buffers(tensor.Buffer())
            if not data.DataLength():
                continue
            quantised = tensor.Quantization() and tensor.Quantization().ScaleLength()
            if tensor.Sparsity() is not None or quantised or tensor.Type() not in _DTYPES:
                raise UnsupportedOperatorError(f"tensor {index} is sparse or quantised")
            raw = data.DataAsNumpy().tobytes()
            constants[index] = np.frombuffer(raw, _DTYPES[tensor.Type()]).reshape(
                self._shape(index)
            )
        return constants

    def _shape(self, index: int) -> list[int]:
        tensor = self._graph.Tensors(index)
        return [int(size) for size in tensor.ShapeAsNumpy()] if tensor.ShapeLength() else []

    def _convert_operator(self, operator: tflite.Operator) -> None:
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        name = _OPERATOR_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        handler: Callable[..., None] | None = getattr(self, f"_convert_{name.lower()}", None)
        if handler is None:
            raise UnsupportedOperatorError(f"operator {name}")
        inputs = [int(index) for index in operator.InputsAsNumpy()]
        handler(operator, inputs, int(operator.OutputsAsNumpy()[0]))

    @staticmethod
    def _options(operator: tflite.Operator, kind: str) -> Any:
        options = getattr(tflite, kind)()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    # --- writing ONNX -------------------------------------------------------------------------

    def _declare_input(self, index: int) -> onnx.ValueInfoProto:
        name = self._graph.Tensors(index).Name().decode()
        self._values[index] = {"NHWC": name}
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, self._shape(index))

    def _declare_output(self, index: int) -> onnx.ValueInfoProto:
        name = self._graph.Tensors(index).Name().decode()
        self._nodes.append(helper.make_node("Identity", [self._value(index)], [name]))
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, self._shape(index))

    def _constant(self, array: Array) -> str:
        if array.dtype == np.float16:
            array = array.astype(np.float32)
        name = f"constant_{len(self._initialisers)}"
        self._initialisers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _value(self, index: int, layout: Layout = "NHWC") -> str:
        """Name of a tensor's value in ``layout``; only 4-D tensors have an NCHW form."""
        if index in self._constants:
            return self._constant(self._laid_out(self._constants[index], layout))
        layouts = self._values[index]
        if layout not in layouts:
            (have,) = layouts
            permutation = _TO_NCHW if layout == "NCHW" else _TO_NHWC
            layouts[layout] = self._node("Transpose", [layouts[have]], perm=permutation)
        return layouts[layout]

    @staticmethod
    def _laid_out(array: Array, layout: Layout) -> Array:
        """A constant operand that broadcasts as it did in NHWC."""
        if layout == "NHWC" or array.size == 1:
            return array
        return array.reshape((1,) * (4 - array.ndim) + array.shape).transpose(_TO_NCHW)

    def _set(self, index: int, name: str, layout: Layout = "NHWC") -> None:
        self._values[index] = {layout: name}

    def _layout_of(self, indices: list[int]) -> Layout:
        """NCHW when an operand already is, so that elementwise chains need no transposes."""
        computed = [index for index in indices if index not in self._constants]
        images = all(len(self._shape(index)) == 4 for index in computed)
        return "NCHW" if images and any("NCHW" in self._values[i] for i in computed) else "NHWC"

    def _activate(self, name: str, activation: int) -> str:
        if activation == tflite.ActivationFunctionType.NONE:
            return name
        if activation == tflite.ActivationFunctionType.RELU:
            return self._node("Relu", [name])
        raise UnsupportedOperatorError(f"fused activation {activation}")

    # --- operators ----------------------------------------------------------------------------

    def _convert_dequantize(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        self._constants[output] = self._constants[inputs[0]].astype(np.float32)

    def _convert_conv_2d(self, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        options = self._options(operator, "Conv2DOptions")
        weights = self._constants[inputs[1]].transpose(0, 3, 1, 2)  # OHWI -> OIHW
        self._convolve(options, inputs, output, weights, group=1)

    def _convert_depthwise_conv_2d(
        self, operator: tflite.Operator, inputs: list[int], output: int
    ) -> None:
        options = self._options(operator, "DepthwiseConv2DOptions")
        weights = self._constants[inputs[1]].transpose(3, 0, 1, 2)  # 1HWO -> O1HW
        self._convolve(options, inputs, output, weights, group=self._shape(inputs[0])[3])

    def _convolve(
        self, options: Any, inputs: list[int], output: int, weights: Array, group: int
    ) -> None:
        kernel = [int(size) for size in weights.shape[2:]]
        dilations = [options.DilationHFactor(), options.DilationWFactor()]
        strides = [options.StrideH(), options.StrideW()]
        result = self._node(
            "Conv",
            [
                self._value(inputs[0], "NCHW"),
                self._constant(weights),
                self._constant(self._constants[inputs[2]]),
            ],
            kernel_shape=kernel,
            strides=strides,
            dilations=dilations,
            group=group,
            pads=self._pads(options, inputs[0], kernel, strides, dilations),
        )
        self._set(output, self._activate(result, options.FusedActivationFunction()), "NCHW")

    def _pads(
        self, options: Any, image: int, kernel: list[int], strides: list[int], dilations: list[int]
    ) -> list[int]:
        if options.Padding() != tflite.Padding.SAME:
            return [0, 0, 0, 0]
        height, width = self._shape(image)[1:3]
        top, bottom = _same_padding(height, kernel[0], strides[0], dilations[0])
        left, right = _same_padding(width, kernel[1], strides[1], dilations[1])
        return [top, left, bottom, right]

    def _convert_max_pool_2d(
        self, operator: tflite.Operator, inputs: list[int], output: int
    ) -> None:
        options = self._options(operator, "Pool2DOptions")
        kernel = [options.FilterHeight(), options.FilterWidth()]
        strides = [options.StrideH(), options.StrideW()]
        result = self._node(
            "MaxPool",
            [self._value(inputs[0], "NCHW")],
            kernel_shape=kernel,
            strides=strides,
            pads=self._pads(options, inputs[0], kernel, strides, [1, 1]),
        )
        self._set(output, self._activate(result, options.FusedActivationFunction()), "NCHW")

    def _convert_prelu(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        slope = self._laid_out(self._constants[inputs[1]], "NCHW")[0]
        operands = [self._value(inputs[0], "NCHW"), self._constant(slope)]
        self._set(output, self._node("PRelu", operands), "NCHW")

    def _convert_pad(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        pads = self._constants[inputs[1]].astype(np.int64)
        layout: Layout = "NCHW" if len(pads) == 4 else "NHWC"
        if layout == "NCHW":
            pads = pads[list(_TO_NCHW)]
        operands = [self._value(inputs[0], layout), self._constant(pads.T.reshape(-1))]
        self._set(output, self._node("Pad", operands), layout)

    def _elementwise(self, operator: str, inputs: list[int], output: int) -> str:
        layout = self._layout_of(inputs)
        name = self._node(operator, [self._value(index, layout) for index in inputs])
        self._set(output, name, layout)
        return name

    def _binary(self, name: str, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        self._elementwise(name, inputs, output)
        options = self._options(operator, f"{name}Options")
        if options.FusedActivationFunction() != tflite.ActivationFunctionType.NONE:
            ((layout, value),) = self._values[output].items()
            self._set(output, self._activate(value, options.FusedActivationFunction()), layout)

    def _convert_add(self, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        self._binary("Add", operator, inputs, output)

    def _convert_sub(self, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        self._binary("Sub", operator, inputs, output)

    def _convert_mul(self, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        self._binary("Mul", operator, inputs, output)

    def _convert_div(self, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        self._binary("Div", operator, inputs, output)

    def _convert_squared_difference(
        self, _: tflite.Operator, inputs: list[int], output: int
    ) -> None:
        layout = self._layout_of(inputs)
        difference = self._elementwise("Sub", inputs, output)
        self._set(output, self._node("Mul", [difference, difference]), layout)

    def _convert_relu(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        self._elementwise("Relu", inputs, output)

    def _convert_logistic(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        self._elementwise("Sigmoid", inputs, output)

    def _convert_sqrt(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        self._elementwise("Sqrt", inputs, output)

    def _convert_neg(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        self._elementwise("Neg", inputs, output)

    def _convert_rsqrt(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        layout = self._layout_of(inputs)
        root = self._elementwise("Sqrt", inputs, output)
        self._set(output, self._node("Reciprocal", [root]), layout)

    def _reduce(self, name: str, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        keep = int(self._options(operator, "ReducerOptions").KeepDims())
        axes = np.atleast_1d(self._constants[inputs[1]]).astype(np.int64)
        operands = [self._value(inputs[0]), self._constant(axes)]
        self._set(output, self._node(name, operands, keepdims=keep))

    def _convert_mean(self, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        self._reduce("ReduceMean", operator, inputs, output)

    def _convert_sum(self, operator: tflite.Operator, inputs: list[int], output: int) -> None:
        self._reduce("ReduceSum", operator, inputs, output)

    def _convert_reshape(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        shape = self._constant(np.array(self._shape(output), np.int64))
        self._set(output, self._node("Reshape", [self._value(inputs[0]), shape]))

    def _convert_transpose(self, _: tflite.Operator, inputs: list[int], output: int) -> None:
        permutation = [int(axis) for axis in self._constants[inputs[1]]]
        self._set(output, self._node("Transpose", [self._value(inputs[0])], perm=permutation))

    def _convert_concatenation(
        self, operator: tflite.Operator, inputs: list[int], output: int
    ) -> None:
        axis = int(self._options(operator, "ConcatenationOptions").Axis())
        operands = [self._value(index) for index in inputs]
        self._set(output, self._node("Concat", operands, axis=axis))

    def _convert_strided_slice(
        self, operator: tflite.Operator, inputs: list[int], output: int
    ) -> None:
        options = self._options(operator, "StridedSliceOptions")
        if options.EllipsisMask() or options.NewAxisMask():
            raise UnsupportedOperatorError("strided slice with an ellipsis or a new axis")
        begin, end, strides = (self._constants[i].astype(np.int64) for i in inputs[1:4])
        axes = np.arange(len(begin), dtype=np.int64)
        sizes = np.array(self._shape(inputs[0]), np.int64)
        shrunk = (options.ShrinkAxisMask() >> axes & 1).astype(bool)
        begin = np.where(options.BeginMask() >> axes & 1, 0, begin)
        end = np.where(options.EndMask() >> axes & 1, sizes, end)
        end = np.where(shrunk, np.where(begin == -1, sizes, begin + 1), end)
        bounds = [self._constant(values) for values in (begin, end, axes, strides)]
        result = self._node("Slice", [self._value(inputs[0]), *bounds])
        if shrunk.any():
            result = self._node("Squeeze", [result, self._constant(axes[shrunk])])
        self._set(output, result)
