#include "serve/api.hpp"

#include <algorithm>
#include <chrono>

#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "scalar/core/version.hpp"
#include "serve/router.hpp"

namespace scalar::inline v0::serve {
namespace {

using std::chrono::steady_clock;

constexpr double inline_nanoseconds = 200'000;       // a prediction expected to take longer goes to a worker
constexpr std::size_t inline_json_bytes = 32 << 10;  // about 200 microseconds of JSON
constexpr std::size_t inline_body_bytes = 1 << 20;
constexpr std::chrono::milliseconds inline_patience{1};  // for a row that another request computes
constexpr std::size_t kept_predictions = 1 << 17;
constexpr std::size_t small_answer_bytes = 16 << 10;  // not worth counting: one a connection at most

void append_string(std::string& out, std::string_view key, std::string_view text) {
  out += '"';
  out += key;
  out += "\":";
  json::append_string(out, text);
}

void append_tensors(std::string& out, const std::vector<TensorInfo>& tensors) {
  out += '[';
  for (const TensorInfo& tensor : tensors) {
    out += out.back() == '[' ? "{" : ",{";
    append_string(out, "name", tensor.name);
    out += ",\"datatype\":\"";
    out += name(tensor.type);
    out += "\",\"shape\":[-1,";
    json::append_number(out, tensor.columns);
    out += "]}";
  }
  out += ']';
}

/// Answers what is wrong with route or method. False when they are fine.
bool refuse_route(Route route, Method method, Response& response) {
  const bool is_post = route == Route::infer;
  if (route == Route::none) {
    response.fail(404, "Not Found");
  } else if (route == Route::malformed) {
    response.fail(400, "malformed percent-encoding in the request target");
  } else if (is_post ? method != Method::post : method != Method::get && method != Method::head) {
    response.fail(405, "Method Not Allowed");
    response.allow = is_post ? "POST" : "GET, HEAD";
  } else {
    return false;
  }
  return true;
}

}  // namespace

void Scratch::release() {
  infer.release();
  if (predictions.capacity() > kept_predictions) std::vector<double>().swap(predictions);
}

bool Api::handle(const Request& request, TimePoint arrived, Place place, Scratch& scratch, Response& response) {
  response.clear();
  const bool answered = dispatch_safely(request, arrived, place, scratch, response);
  scratch.release();
  const std::size_t held = response.body.capacity();
  response.memory.hold(held > small_answer_bytes ? held : 0);
  return answered;
}

bool Api::dispatch_safely(const Request& request, TimePoint arrived, Place place, Scratch& scratch,
                          Response& response) {
  try {
    return dispatch(request, arrived, place, scratch, response);
  } catch (const Error& error) {
    response.fail(http_status(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    response.fail(503, "out of memory");
  } catch (const std::exception& error) {
    log(LogLevel::error, error.what());
    response.fail(500, "internal error");
  }
  return true;
}

bool Api::is_vital(std::string_view target, Scratch& scratch) {
  const Route found = route(target, scratch.name, scratch.version);
  return found == Route::live || found == Route::ready || found == Route::metrics;
}

bool Api::refuse(const Request& head, Scratch& scratch, Response& response) {
  response.clear();
  try {
    const Route found = route(head.target, scratch.name, scratch.version);
    if (refuse_route(found, head.method, response)) return true;
    if (found == Route::infer) (void)scratch.models.get().find(scratch.name, scratch.version);
    return false;
  } catch (const Error& error) {
    response.fail(http_status(error.code()), error.what());
    return true;
  }
}

bool Api::dispatch(const Request& request, TimePoint arrived, Place place, Scratch& scratch, Response& response) {
  const Route found = route(request.target, scratch.name, scratch.version);
  if (refuse_route(found, request.method, response)) return true;
  switch (found) {
    case Route::infer:
      return infer(request, arrived, place, scratch, response);
    case Route::server:
      describe_server(response);
      break;
    case Route::live:
      response.body = "{\"live\":true}";
      break;
    case Route::ready:
      response.status = is_draining() ? 503 : 200;
      response.body = is_draining() ? "{\"error\":\"the server is stopping\",\"live\":true,\"ready\":false}"
                                    : "{\"live\":true,\"ready\":true}";
      break;
    case Route::models:
      response.body = "{\"models\":[";
      for (const auto& [name, model] : scratch.models.get().models()) {
        if (response.body.back() != '[') response.body += ',';
        json::append_string(response.body, name);
      }
      response.body += "]}";
      break;
    case Route::model: {
      const Snapshot& models = scratch.models.get();  // once: a second get() may free what the first returned
      describe_model(models, *models.find(scratch.name, scratch.version), response);
      break;
    }
    case Route::model_ready: {
      const Snapshot& models = scratch.models.get();
      response.body = '{';
      append_string(response.body, "name", models.find(scratch.name, scratch.version)->model);
      response.body += ",\"ready\":true}";
      break;
    }
    case Route::metrics:
      response.type = ContentType::metrics;
      append_metrics(response.body, metrics_, memory_, scratch.models.get());
      break;
    case Route::none:
    case Route::malformed:
      break;
  }
  return true;
}

void Api::describe_server(Response& response) const {
  response.body = '{';
  append_string(response.body, "name", options_.name);
  response.body += ',';
  append_string(response.body, "version", version);
  response.body += ",\"extensions\":[\"binary_tensor_data\"]}";
}

void Api::describe_model(const Snapshot& models, const ServedVersion& model, Response& response) const {
  const Signature& signature = model.servable->signature();
  std::string& out = response.body;
  out = '{';
  append_string(out, "name", model.model);
  out += ",\"versions\":[";
  for (const auto& served : models.model(model.model)->versions) {
    if (out.back() != '[') out += ',';
    json::append_string(out, served->version);
  }
  out += "],";
  append_string(out, "platform", signature.platform);
  out += ",\"inputs\":";
  append_tensors(out, listed_inputs(signature));
  out += ",\"outputs\":";
  append_tensors(out, listed_outputs(signature));
  out += '}';
}

bool Api::infer(const Request& request, TimePoint arrived, Place place, Scratch& scratch, Response& response) {
  const std::shared_ptr<const ServedVersion> model = scratch.models.get().find(scratch.name, scratch.version);
  bool answered = true;
  try {
    answered = predict(*model, request, arrived, place, scratch, response);
  } catch (const Error& error) {
    response.fail(http_status(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    response.fail(503, "out of memory");
  } catch (const std::exception& error) {
    log(LogLevel::error, model->model + ": " + error.what());
    response.fail(500, "internal error");
  }
  if (!answered) return false;
  model->metrics->requests.add(response.status);
  model->metrics->latency.add(steady_clock::now() - arrived);
  return true;
}

bool Api::predict(const ServedVersion& model, const Request& request, TimePoint arrived, Place place, Scratch& scratch,
                  Response& response) {
  const bool is_inline = place == Place::inline_;
  const std::uint64_t json_bytes =
      std::min<std::uint64_t>(request.json_bytes.value_or(request.body.size()), request.body.size());
  if (is_inline && (json_bytes > inline_json_bytes || request.body.size() > inline_body_bytes)) return false;
  const TimePoint deadline = arrived + options_.timeouts.request;
  if (!is_inline && steady_clock::now() > deadline)
    throw Error(Errc::deadline_exceeded, "the request waited too long for a worker");

  const Signature& signature = model.servable->signature();
  scratch.infer.decode(signature, request.body, request.json_bytes, options_.limits);
  const std::int64_t rows = scratch.infer.rows();
  const double expected = model.expectation.nanoseconds(rows);
  if (is_inline && (expected < 0 || expected > inline_nanoseconds)) return false;

  const std::uint64_t answer = answer_bytes(signature, scratch.infer) + 6 * scratch.infer.id().size();
  const std::uint64_t needed = answer + static_cast<std::uint64_t>(rows * signature.outputs) * sizeof(double);
  if (needed > small_answer_bytes) {
    if (!response.memory.could_add(needed))
      throw Error(Errc::too_large, "the answer needs more memory than all requests and answers may have");
    if (!response.memory.resize(needed)) throw Error(Errc::unavailable, std::string(too_much_memory));
    response.body.reserve(static_cast<std::size_t>(answer));
  }
  scratch.predictions.resize(static_cast<std::size_t>(rows * signature.outputs));
  const BatchOut out(scratch.predictions.data(), rows, signature.outputs);
  const TimePoint start = steady_clock::now();
  PredictCall call{.deadline = is_inline ? std::min(deadline, start + inline_patience) : deadline,
                   .use_cache = scratch.infer.use_cache()};
  CacheUse use = CacheUse::bypass;
  try {
    use = model.servable->predict(scratch.infer.batch(), out, call);
  } catch (const Error& error) {
    if (is_inline && error.code() == Errc::deadline_exceeded) return false;
    throw;
  }
  if (use == CacheUse::miss || use == CacheUse::bypass || expected < 0)
    model.expectation.learn(steady_clock::now() - start, rows);
  encode_answer(signature, scratch.infer, model.model, model.version, out, response);
  response.cache = name(use);
  model.metrics->rows.fetch_add(static_cast<std::uint64_t>(rows), std::memory_order_relaxed);
  return true;
}

}  // namespace scalar::inline v0::serve
