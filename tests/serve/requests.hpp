#pragma once
/// Infer requests for the models of models.hpp, and what their answers say.
#include <atomic>
#include <cstddef>
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

/// The value of a counter or gauge without labels in the server's metrics, asked for over `client`.
inline double metric(Client& client, const std::string& name) {
  client.send(get("/metrics"));
  const std::string text = client.receive().body;
  const std::size_t at = text.find("\n" + name + " ");
  return at == text.npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

}  // namespace serve_test
