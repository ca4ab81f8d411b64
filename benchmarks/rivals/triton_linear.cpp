// A native backend for a stock tritonserver: y = 0.5 + sum_k 0.1 (k + 1) x_k of INPUT0 FP32 [n, 10], so that the server
// itself is measured with next to no model. Own declarations of the few functions used of the backend API
// (triton-inference-server/core, include/triton/core/tritonbackend.h); they resolve from the server at load.
#include <cstdint>
#include <cstring>
#include <vector>

extern "C" {
struct Error;
struct Input;
struct Output;
struct Request;
struct Response;
struct Instance;
Error* TRITONBACKEND_RequestInputByIndex(Request*, std::uint32_t index, Input**);
Error* TRITONBACKEND_RequestRelease(Request*, std::uint32_t flags);
Error* TRITONBACKEND_InputProperties(Input*, const char** name, int* type, const std::int64_t** shape,
                                     std::uint32_t* rank, std::uint64_t* bytes, std::uint32_t* buffers);
Error* TRITONBACKEND_InputBuffer(Input*, std::uint32_t index, const void**, std::uint64_t* bytes, int* memory,
                                 std::int64_t* memory_id);
Error* TRITONBACKEND_ResponseNew(Response**, Request*);
Error* TRITONBACKEND_ResponseOutput(Response*, Output**, const char* name, int type, const std::int64_t* shape,
                                    std::uint32_t rank);
Error* TRITONBACKEND_OutputBuffer(Output*, void**, std::uint64_t bytes, int* memory, std::int64_t* memory_id);
Error* TRITONBACKEND_ResponseSend(Response*, std::uint32_t flags, Error*);
}

namespace {

constexpr int fp32 = 11;
constexpr std::uint32_t final_response = 1, release_all = 1;
constexpr std::size_t features = 10;

std::vector<float> read(Request* request) {
  Input* input = nullptr;
  TRITONBACKEND_RequestInputByIndex(request, 0, &input);
  std::uint32_t buffers = 0;
  std::uint64_t size = 0;
  TRITONBACKEND_InputProperties(input, nullptr, nullptr, nullptr, nullptr, &size, &buffers);
  std::vector<float> values(size / sizeof(float));
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < buffers; ++i) {
    const void* bytes = nullptr;
    std::uint64_t count = 0;
    int memory = 0;
    std::int64_t memory_id = 0;
    TRITONBACKEND_InputBuffer(input, i, &bytes, &count, &memory, &memory_id);
    std::memcpy(reinterpret_cast<char*>(values.data()) + at, bytes, count);
    at += count;
  }
  return values;
}

void answer(Request* request) {
  const std::vector<float> x = read(request);
  const std::int64_t shape[2] = {static_cast<std::int64_t>(x.size() / features), 1};
  Response* response = nullptr;
  Output* output = nullptr;
  void* buffer = nullptr;
  int memory = 0;
  std::int64_t memory_id = 0;
  TRITONBACKEND_ResponseNew(&response, request);
  TRITONBACKEND_ResponseOutput(response, &output, "OUTPUT0", fp32, shape, 2);
  TRITONBACKEND_OutputBuffer(output, &buffer, static_cast<std::uint64_t>(shape[0]) * sizeof(float), &memory,
                             &memory_id);
  for (std::int64_t row = 0; row < shape[0]; ++row) {
    float sum = 0.5f;
    for (std::size_t k = 0; k < features; ++k)
      sum += x[static_cast<std::size_t>(row) * features + k] * 0.1f * static_cast<float>(k + 1);
    static_cast<float*>(buffer)[row] = sum;
  }
  TRITONBACKEND_ResponseSend(response, final_response, nullptr);
}

}  // namespace

extern "C" Error* TRITONBACKEND_ModelInstanceExecute(Instance*, Request** requests, const std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    answer(requests[i]);
    TRITONBACKEND_RequestRelease(requests[i], release_all);
  }
  return nullptr;
}
