"""The unmodified tritonclient[http] against a running server: metadata, JSON and binary inference, errors."""
import subprocess
import sys

import ml_dtypes
import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

fixture = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
client = http.InferenceServerClient(f"127.0.0.1:{int(fixture.stdout.readline())}")


def refused(call, *words):
    try:
        call()
    except InferenceServerException as error:
        for word in words:
            assert word in str(error), (word, str(error))
        return
    raise AssertionError(f"expected an error with {words}")


def tensor(name, values, datatype, binary):
    made = http.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready("simple") and client.is_model_ready("simple", "1")
assert not client.is_model_ready("simple", "9") and not client.is_model_ready("nobody")
server = client.get_server_metadata()
assert server["name"] == "scalar" and server["extensions"] == ["binary_tensor_data"], server
assert client.get_model_metadata("simple") == {
    "name": "simple", "versions": ["1"], "platform": "test",
    "inputs": [{"name": "input", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [{"name": "prediction", "datatype": "FP64", "shape": [-1, 1]}]}
mixed = client.get_model_metadata("mixed", "3")
assert [(i["name"], i["datatype"], i["shape"]) for i in mixed["inputs"]] == [
    ("age", "FP64", [-1, 1]), ("job", "BYTES", [-1, 1])], mixed
assert [o["name"] for o in mixed["outputs"]] == ["probabilities", "label"]

rows = np.array([[1, 2, 3, 4], [0.5, 0, 0, np.nan]], dtype=np.float32)
for binary_in in (True, False):
    for binary_out in (True, False):
        values = rows if binary_in else np.nan_to_num(rows, nan=1000)
        result = client.infer("simple", [tensor("input", values, "FP32", binary_in)], request_id="one",
                              outputs=[http.InferRequestedOutput("prediction", binary_data=binary_out)])
        assert result.as_numpy("prediction").tolist() == [[10.0], [1000.5]], result.get_response()
        assert result.get_response()["id"] == "one" and result.get_response()["model_version"] == "1"
result = client.infer("simple", [tensor("input", rows, "FP32", True)])  # asks for binary_data_output
assert result.as_numpy("prediction").shape == (2, 1)

jobs = np.array([["nurse"], [""]], dtype=object)
for binary in (True, False):
    result = client.infer("mixed", [tensor("job", jobs, "BYTES", binary),
                                    tensor("age", np.array([[1.0], [2.0]]), "FP64", binary)],
                          outputs=[http.InferRequestedOutput("label", binary_data=binary),
                                   http.InferRequestedOutput("probabilities", binary_data=not binary)])
    probabilities, labels = result.as_numpy("probabilities"), result.as_numpy("label")
    assert probabilities.dtype == np.float32 and probabilities.tolist() == [[6, -5], [2, -1]]
    assert [str(x.decode() if isinstance(x, bytes) else x) for x in labels.ravel()] == ["no", "no"], labels

refused(lambda: client.get_model_metadata("nobody"), "Request for unknown model: 'nobody' is not found")
refused(lambda: client.infer("nobody", [tensor("input", rows, "FP32", True)]), "Request for unknown model")
refused(lambda: client.infer("simple", [tensor("x", rows, "FP32", True)]), "[400]", "input 'x': is no input")
refused(lambda: client.infer("simple", [tensor("input", rows[:, :3].copy(), "FP32", True)]), "expected [-1, 4]")
for dtype, name in ((np.float64, "FP64"), (np.float16, "FP16"), (np.int32, "INT32")):
    values = np.array([[1, 2, 3, 4]], dtype=dtype)
    assert client.infer("simple", [tensor("input", values, name, True)]).as_numpy("prediction")[0][0] == 10, name
refused(lambda: client.infer("simple", [tensor("input", np.full((1, 4), 0.1), "FP64", True)]), "element 0 is the number 0.1")
refused(lambda: client.infer("simple", [tensor("input", rows, "FP32", True)],
                             outputs=[http.InferRequestedOutput("other")]), "output 'other': is no output")
refused(lambda: client.get_model_config("simple"), "[404]")

# A model of any tensors: every datatype there and back, each way in JSON and binary.
EVERY = {
    "BOOL": np.array([[True, False], [False, True]]),
    "UINT8": np.array([[0, 255], [1, 2]], np.uint8), "UINT16": np.array([[0, 65535], [1, 2]], np.uint16),
    "UINT32": np.array([[0, 2**32 - 1], [1, 2]], np.uint32), "UINT64": np.array([[0, 2**64 - 1], [1, 2]], np.uint64),
    "INT8": np.array([[-128, 127], [1, 2]], np.int8), "INT16": np.array([[-2**15, 2**15 - 1], [1, 2]], np.int16),
    "INT32": np.array([[-2**31, 2**31 - 1], [1, 2]], np.int32),
    "INT64": np.array([[-2**63, 2**63 - 1], [1, 2**53 + 1]], np.int64),
    "FP16": np.array([[0.1, 65504], [-6e-8, 1 / 3]], np.float16),
    "FP32": np.array([[0.1, 3.4e38], [-1e-45, 1 / 3]], np.float32),
    "FP64": np.array([[0.1, 1.7e308], [5e-324, 1 / 3]], np.float64),
    "BYTES": np.array([["a", ""], ["\u00e9\n\"", "long " * 100]], dtype=object),
    "BF16": np.array([[1.5, -2], [0.1, 3e38]], ml_dtypes.bfloat16),
}


def plain(values):
    return [x.decode() if isinstance(x, bytes) else x for x in values.ravel().tolist()]


listed = client.get_model_metadata("every_type")
assert listed["platform"] == "test_echo"
assert [(i["name"], i["datatype"], i["shape"]) for i in listed["inputs"]] == [
    (f"in_{name}", name, [-1, 2]) for name in EVERY], listed
assert [(o["name"], o["shape"]) for o in client.get_model_metadata("unbatched")["outputs"]] == [
    (f"out_{name}", [2, -1]) for name in EVERY]
for model in ("every_type", "unbatched"):
    for binary_in in (True, False):
        for binary_out in (True, False):
            sent = [tensor(f"in_{name}", values, name, binary_in or name == "BF16")  # the client has no JSON for it
                    for name, values in EVERY.items()]
            asked = [http.InferRequestedOutput(f"out_{name}", binary_data=binary_out) for name in reversed(EVERY)]
            result = client.infer(model, sent, outputs=asked)
            assert [o["name"] for o in result.get_response()["outputs"]] == [o.name() for o in asked]
            for name, values in EVERY.items():
                back = result.as_numpy(f"out_{name}")
                assert back.shape == (2, 2) and plain(back) == plain(values), (model, name, binary_in, binary_out, back)
nan = dict(EVERY, FP32=np.full((2, 2), np.nan, np.float32))
sent = [tensor(f"in_{name}", values, name, True) for name, values in nan.items()]
assert np.isnan(client.infer("every_type", sent).as_numpy("out_FP32")).all()
refused(lambda: client.infer("every_type", sent, outputs=[http.InferRequestedOutput("out_FP32", binary_data=False)]),
        "[400]", "output 'out_FP32': row 0 is not a finite number")
refused(lambda: client.infer("every_type", sent[1:]), "[400]", "input 'in_BOOL': is missing; the model has 14 inputs")
refused(lambda: client.infer("every_type", [tensor("in_FP32", nan["FP64"], "FP64", True)]),
        "[400]", "input 'in_FP32': has datatype 'FP64', expected FP32")

asked = [client.async_infer("simple", [tensor("input", rows, "FP32", True)]) for _ in range(20)]
assert all(one.get_result().as_numpy("prediction")[0][0] == 10 for one in asked)
client.close()
fixture.stdin.close()
assert fixture.wait(20) == 0
print("tritonclient: all as expected")
