"""Writes files/*.onnx with the Python package onnx (1.23.2); run it in this folder."""
import ml_dtypes
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(name, graph, **arguments):
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="make_files", ir_version=8, **arguments)
    helper.set_model_props(model, {"key": "value"})
    with open(f"files/{name}", "wb") as file:
        file.write(model.SerializeToString())


def types():
    values = {
        "float": (numpy.float32, [1.5, -2.25, 3e38]),
        "double": (numpy.float64, [1.5, -2.25, 1e300]),
        "int64": (numpy.int64, [-9007199254740993, 0, 7]),
        "int32": (numpy.int32, [-2147483647, 0, 7]),
        "int16": (numpy.int16, [-32768, 0, 7]),
        "int8": (numpy.int8, [-128, 0, 7]),
        "uint64": (numpy.uint64, [18446744073709551615, 0, 7]),
        "uint32": (numpy.uint32, [4294967295, 0, 7]),
        "uint16": (numpy.uint16, [65535, 0, 7]),
        "uint8": (numpy.uint8, [255, 0, 7]),
        "bool": (numpy.bool_, [True, False, True]),
        "float16": (numpy.float16, [1.5, -2.25, 0]),
        "bfloat16": (ml_dtypes.bfloat16, [1.5, -2.25, 0]),
    }
    tensors = []
    for name, (kind, elements) in values.items():
        array = numpy.array(elements, kind)
        tensors.append(numpy_helper.from_array(array, "raw_" + name))
        tensors.append(helper.make_tensor("listed_" + name, tensors[-1].data_type, [3], array))
    tensors.append(helper.make_tensor("texts", TensorProto.STRING, [3], [b"a", b"", "\u00e4".encode()]))
    tensors.append(numpy_helper.from_array(numpy.array(1.0, numpy.float32), "scalar"))
    tensors.append(numpy_helper.from_array(numpy.zeros((0, 3), numpy.float32), "none"))
    save("types.onnx", helper.make_graph([], "types", [], [], tensors))


def attributes():
    inner = helper.make_graph([helper.make_node("Relu", ["a"], ["b"])], "inner", [], [])
    everything = helper.make_node(
        "Everything", ["x", "", "y"], ["z"], name="first", domain="com.example", float=0.5, int=-3, text="hello",
        floats=[1.0, -2.0], ints=[1, -2, 3000000000], texts=["p", "q"], graph=inner,
        tensor=numpy_helper.from_array(numpy.array([3, 4], numpy.float32)))
    relu = helper.make_node("Relu", ["z"], ["r"], domain="ai.onnx")
    maps = helper.make_sequence_type_proto(
        helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, [])))
    save("attributes.onnx", helper.make_graph(
        [everything, relu], "attributes",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3]),
         helper.make_tensor_value_info("y", TensorProto.STRING, None)],
        [helper.make_tensor_value_info("r", TensorProto.FLOAT, ["N", 3]), helper.make_value_info("m", maps)]))


def external():
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": "weights/w.bin", "offset": "4096", "length": "12"}.items():
        tensor.external_data.add(key=key, value=value)
    save("external.onnx", helper.make_graph([], "external", [], [], [tensor]))


types()
attributes()
external()
