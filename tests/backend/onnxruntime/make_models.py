#!/usr/bin/env python3
"""Writes the models that onnxruntime_test.cpp runs, with the package onnx (1.23.2) alone: make_models.py [FOLDER]"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper

OPSETS = [h.make_opsetid("", 13), h.make_opsetid("ai.onnx.ml", 3)]
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "models")


def save(name, nodes, inputs, outputs, initializers=(), opsets=OPSETS, check=True):
    graph = h.make_graph(nodes, name, inputs, outputs, initializers)
    model = h.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="")
    if check:
        onnx.checker.check_model(model, full_check=True)
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def tensor(name, kind, shape):
    return h.make_tensor_value_info(name, kind, shape)


def constant(name, values, kind=np.float32):
    return numpy_helper.from_array(np.array(values, kind), name)


# Every element type, through Identity.
kinds = {"BOOL": T.BOOL, "UINT8": T.UINT8, "UINT16": T.UINT16, "UINT32": T.UINT32, "UINT64": T.UINT64, "INT8": T.INT8,
         "INT16": T.INT16, "INT32": T.INT32, "INT64": T.INT64, "FP16": T.FLOAT16, "FP32": T.FLOAT, "FP64": T.DOUBLE,
         "BYTES": T.STRING, "BF16": T.BFLOAT16}
save("types", [h.make_node("Identity", [k], [k + "_out"]) for k in kinds],
     [tensor(k, v, ["n", 3]) for k, v in kinds.items()], [tensor(k + "_out", v, ["n", 3]) for k, v in kinds.items()])

# y = relu(a W + b) + 2 c, labels by the sign of its first column.
save("two_inputs",
     [h.make_node("MatMul", ["a", "W"], ["aw"]), h.make_node("Add", ["aw", "b"], ["awb"]),
      h.make_node("Relu", ["awb"], ["r"]), h.make_node("Mul", ["c", "two"], ["c2"]),
      h.make_node("Add", ["r", "c2"], ["y"]), h.make_node("ReduceSum", ["y", "axis"], ["sum"], keepdims=0)],
     [tensor("a", T.FLOAT, [None, 3]), tensor("c", T.FLOAT, [None, 2])],
     [tensor("y", T.FLOAT, [None, 2]), tensor("sum", T.FLOAT, [None])],
     [constant("W", [[1, -1], [2, 0], [0, 3]]), constant("b", [0.5, -0.5]), constant("two", 2),
      constant("axis", [1], np.int64)])

# Its rows are not answered one by one: shares of the sum of all, and a table of steps by steps.
save("fixed", [h.make_node("Mul", ["x", "x"], ["y"])], [tensor("x", T.DOUBLE, [2, 2])], [tensor("y", T.DOUBLE, [2, 2])])
save("steps", [h.make_node("Transpose", ["x"], ["t"], perm=[1, 0]), h.make_node("MatMul", ["x", "t"], ["table"])],
     [tensor("x", T.FLOAT, ["steps", 2])], [tensor("table", T.FLOAT, ["steps", "steps"])])
save("scalar", [h.make_node("Add", ["x", "x"], ["y"])], [tensor("x", T.INT64, [])], [tensor("y", T.INT64, [])])

# What converters of classifiers write unless asked for tensors.
maps = h.make_sequence_type_proto(h.make_map_type_proto(T.STRING, h.make_tensor_type_proto(T.FLOAT, None)))
save("zipmap",
     [h.make_node("Softmax", ["x"], ["p"], axis=1),
      h.make_node("ZipMap", ["p"], ["probabilities"], domain="ai.onnx.ml", classlabels_strings=["no", "maybe", "yes"])],
     [tensor("x", T.FLOAT, [None, 3])], [h.make_value_info("probabilities", maps)], check=False)

# A list of tensors, which no signature has.
save("list", [h.make_node("SequenceConstruct", ["x", "x"], ["xs"])], [tensor("x", T.FLOAT, [None])],
     [h.make_tensor_sequence_value_info("xs", T.FLOAT, None)])

# Text in, text out.
save("text",
     [h.make_node("LabelEncoder", ["city"], ["number"], domain="ai.onnx.ml", keys_strings=["Łódź", "Paris"],
                  values_int64s=[1, 2], default_int64=-1),
      h.make_node("LabelEncoder", ["number"], ["country"], domain="ai.onnx.ml", keys_int64s=[1, 2],
                  values_strings=["Polska", "France"], default_string="?")],
     [tensor("city", T.STRING, [None, 1])], [tensor("number", T.INT64, [None, 1]), tensor("country", T.STRING, [None, 1])])

# What no version of ONNX Runtime runs.
save("unknown_operator", [h.make_node("Guess", ["x"], ["y"])], [tensor("x", T.FLOAT, [None])],
     [tensor("y", T.FLOAT, [None])], check=False)
save("unknown_opset", [h.make_node("Identity", ["x"], ["y"])], [tensor("x", T.FLOAT, [None])],
     [tensor("y", T.FLOAT, [None])], opsets=[h.make_opsetid("", 9999)], check=False)

# A tensor that says it lies in a file beside the model, and one that says it lies elsewhere.
for name, location in {"external": "weights.bin", "escaping": "../weights.bin"}.items():
    weights = T(name="w", data_type=T.FLOAT, dims=[2], data_location=T.EXTERNAL)
    weights.external_data.add(key="location", value=location)
    weights.external_data.add(key="offset", value="0")
    weights.external_data.add(key="length", value="8")
    save(name, [h.make_node("Add", ["x", "w"], ["y"])], [tensor("x", T.FLOAT, [None, 2])],
         [tensor("y", T.FLOAT, [None, 2])], [weights], check=False)
