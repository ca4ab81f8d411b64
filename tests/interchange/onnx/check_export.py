"""check_export.py FOLDER: for each FOLDER/NAME.json, whether NAME.onnx predicts what NAME.json says.

The judges are onnx.checker, ONNX Runtime for all rows, and the reference evaluator of onnx for the first ones.
"""
import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

TOLERANCE = 1e-5
REFERENCE_ROWS = 10


def inputs_of(case):
    if "dense" in case:
        return {"input": numpy.array(case["dense"], numpy.float32)}
    return {name: numpy.array(values, object if isinstance(values[0], str) else numpy.float64).reshape(-1, 1)
            for name, values in case["columns"].items()}


def difference(seen, expected):
    """The greatest difference, relative to how far the predictions are from their mean, if that is more than 1.

    Relative to predictions near 1.7e9 themselves, a loss of everything that is learned would be nothing.
    """
    seen, expected = numpy.asarray(seen, numpy.float64), numpy.asarray(expected)
    assert seen.shape == expected.shape, (seen.shape, expected.shape)
    return float(numpy.max(numpy.abs(seen - expected)) / max(1, numpy.std(expected)))


def check(judge, outputs, case, rows):
    wrong = difference(outputs[0], case["outputs"][:rows])
    assert wrong <= TOLERANCE, f"{judge}: predictions differ by {wrong}"
    if "labels" in case:
        assert list(outputs[1]) == case["labels"][:rows], f"{judge}: labels differ"
    return wrong


def has_tensor_splits(model):
    """The reference evaluator of onnx 1.23 does not read these."""
    return any(attribute.name == "nodes_values_as_tensor" for node in model.graph.node for attribute in node.attribute)


def check_case(path):
    case = json.loads(path.read_text())
    inputs = inputs_of(case)
    model = onnx.load(path.with_suffix(".onnx"))
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path.with_suffix(".onnx"), providers=["CPUExecutionProvider"])
    rows = len(case["outputs"])
    said = f"ONNX Runtime differs by {check('ONNX Runtime', session.run(None, inputs), case, rows):.1e}"
    if not has_tensor_splits(model):
        first = {name: values[:REFERENCE_ROWS] for name, values in inputs.items()}
        outputs = ReferenceEvaluator(model).run(None, first)
        said += f", the reference by {check('reference', outputs, case, min(rows, REFERENCE_ROWS)):.1e}"
    none = session.run(None, {name: values[:0] for name, values in inputs.items()})
    assert all(len(output) == 0 for output in none), "no rows in, some out"
    print(f"{path.stem}: {rows} rows, {said}")


failures = 0
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    try:
        check_case(file)
    except Exception as error:  # the others are checked, too
        print(f"{file.stem}: {type(error).__name__}: {error}")
        failures += 1
sys.exit(1 if failures else 0)
