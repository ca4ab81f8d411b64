#pragma once
/// The environment that frameworks read when their libraries are opened.
#include <string>
#include <vector>

namespace scalar::inline v0::backend {

/// Sets the environment variables that frameworks read when their libraries are opened, except those that are set
/// already: OpenMP threads that sleep instead of spinning (`OMP_WAIT_POLICY=passive`), one thread for OpenBLAS
/// (`OPENBLAS_NUM_THREADS=1`), no telemetry from ONNX Runtime (`ORT_DISABLE_TELEMETRY=1`), and no messages from
/// TensorFlow (`TF_CPP_MIN_LOG_LEVEL=3`, `TF_ENABLE_ONEDNN_OPTS=0`). Returns the names of the variables that it set.
///
/// Call it at the start of `main`, before threads exist: another thread that reads the environment at the same time is
/// undefined behavior in POSIX. An adapter that is opened without it works, and says in the log which variables its
/// framework would have needed; but ONNX Runtime from 1.29 on, which would report to its makers, is refused.
std::vector<std::string> prepare_process();

}  // namespace scalar::inline v0::backend
