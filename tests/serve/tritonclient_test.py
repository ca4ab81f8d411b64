"""The unmodified tritonclient[http] against a running server: metadata, JSON and binary inference, errors."""
import subprocess
import sys

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
refused(lambda: client.infer("simple", [tensor("input", rows[:, :3].copy(), "FP32", True)]), "expected [rows, 4]")
for dtype, name in ((np.float64, "FP64"), (np.float16, "FP16"), (np.int32, "INT32")):
    values = np.array([[1, 2, 3, 4]], dtype=dtype)
    assert client.infer("simple", [tensor("input", values, name, True)]).as_numpy("prediction")[0][0] == 10, name
refused(lambda: client.infer("simple", [tensor("input", np.full((1, 4), 0.1), "FP64", True)]), "holds the number 0.1")
refused(lambda: client.infer("simple", [tensor("input", rows, "FP32", True)],
                             outputs=[http.InferRequestedOutput("other")]), "output 'other': is no output")
refused(lambda: client.get_model_config("simple"), "[404]")

asked = [client.async_infer("simple", [tensor("input", rows, "FP32", True)]) for _ in range(20)]
assert all(one.get_result().as_numpy("prediction")[0][0] == 10 for one in asked)
client.close()
fixture.stdin.close()
assert fixture.wait(20) == 0
print("tritonclient: all as expected")
