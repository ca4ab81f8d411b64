#pragma once
/// Infer requests for the models of models.hpp, and what their answers say.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>

#include "scalar/core/json.hpp"
#include "serve/client.hpp"

namespace serve_test {

inline std::string ask(const std::string& data = "[1,2]", const std::string& rows = "1") {
  return R"({"inputs":[{"name":"input","datatype":"FP32","shape":[)" + rows + R"(,2],"data":)" + data + "}]}";
}
inline std::string infer(const std::string& body, const std::string& fields = {}, const std::string& model = "m") {
  return post("/v2/models/" + model + "/infer", body, fields);
}
inline double prediction(const Answer& answer, std::size_t row = 0) {
  return scalar::json::parse(answer.body).at("outputs").as_array()[0].at("data").as_array()[row].as_double();
}
inline std::string error_of(const Answer& answer) { return scalar::json::parse(answer.body).at("error").as_string(); }

/// Opens at `open()`; `wait()` returns then.
class Gate {
 public:
  void wait() {
    waiting_.fetch_add(1);
    opened_.wait(false);
  }
  void open() {
    opened_ = true;
    opened_.notify_all();
  }
  void wait_for(int count) const {
    while (waiting_ < count) std::this_thread::yield();
  }

 private:
  std::atomic<bool> opened_{false};
  std::atomic<int> waiting_{0};
};

/// A request of 4 MB for one feature, answered with 13 MB of JSON.
inline std::string request_for_much() {
  constexpr std::size_t rows = 1'000'000;
  const std::string head = R"({"inputs":[{"name":"input","datatype":"FP32","shape":[1000000,1],)"
                           R"("parameters":{"binary_data_size":4000000}}]})";
  std::string numbers(rows * sizeof(float), '\0');
  for (std::size_t i = 0; i < rows; ++i) {
    const float number = 0.1F * static_cast<float>(i + 1);  // many digits as a double
    std::memcpy(numbers.data() + i * sizeof number, &number, sizeof number);
  }
  return infer(head + numbers, "Inference-Header-Content-Length: " + std::to_string(head.size()) + "\r\n");
}

/// Asks until `is_so()` holds, for at most 20 seconds.
template <class Condition>
bool eventually(Condition is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

/// The value of a counter or gauge without labels in the server's metrics, asked for over `client`.
inline double metric(Client& client, const std::string& name) {
  client.send(get("/metrics"));
  const std::string text = client.receive().body;
  const std::size_t at = text.find("\n" + name + " ");
  return at == text.npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

}  // namespace serve_test
