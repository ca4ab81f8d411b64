#include "serve/api.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "core/fail.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "scalar/core/version.hpp"
#include "serve/outputs.hpp"
#include "serve/router.hpp"

namespace scalar::inline v0::serve {
namespace {

using std::chrono::steady_clock;

constexpr double inline_nanoseconds = 200'000;       // a prediction expected to take longer goes to a worker
constexpr std::size_t inline_json_bytes = 32 << 10;  // about 200 microseconds of JSON
constexpr std::size_t inline_body_bytes = 1 << 20;
constexpr std::chrono::milliseconds inline_patience{1};  // to wait for a row that another request computes
constexpr std::size_t kept_output_bytes = 1 << 20;
constexpr std::size_t small_answer_bytes = 16 << 10;  // not worth counting: at most one per connection
constexpr std::int64_t inline_lookups = 1024;         // rows: about 200 microseconds if all are in the cache

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
    out += "\",\"shape\":[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      if (i > 0) out += ',';
      json::append_number(out, tensor.shape[i]);
    }
    out += "]}";
  }
  out += ']';
}

/// Whether decoding the body alone takes longer than a loop may spend on a request.
bool takes_long_to_read(const Request& request) noexcept {
  const std::uint64_t size = request.body.size();
  return size > inline_body_bytes || std::min(request.json_bytes.value_or(size), size) > inline_json_bytes;
}

/// Reserves the memory of an answer before it is made: its bytes, and the outputs that it is made from.
void reserve_answer(Response& response, std::uint64_t answer, std::uint64_t outputs) {
  const std::uint64_t needed = answer + outputs;
  if (needed <= small_answer_bytes) return;
  if (const std::uint64_t held = response.memory.bytes(); needed > held) {
    if (!response.memory.could_add(needed - held))
      fail(Errc::too_large, "", "the answer needs more memory than all requests and answers may have");
    if (!response.memory.resize(needed)) fail(Errc::unavailable, "", "{}", too_much_memory);
  }
  response.body.reserve(static_cast<std::size_t>(answer));
}

/// Answers a request whose route or method is wrong. Returns false when both are right.
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
  decoded->request.release();
  std::size_t kept = 0;
  for (const Tensor& output : outputs) {
    kept += output.data.capacity() + output.texts.capacity() * sizeof(std::string);
    for (const std::string& text : output.texts) kept += text.capacity();
  }
  if (kept > kept_output_bytes) outputs = {};
}

bool Api::handle(Request& request, TimePoint arrived, Place place, Scratch& scratch, Response& response) {
  response.clear();
  const bool answered = dispatch_safely({request, arrived, place, scratch, response});
  scratch.release();
  const std::size_t held = response.body.capacity();
  response.memory.hold(held > small_answer_bytes ? held : 0);
  return answered;
}

bool Api::dispatch_safely(const Exchange& exchange) {
  try {
    return exchange.request.decoded != nullptr ? infer(exchange) : dispatch(exchange);
  } catch (...) {
    answer_with_error(exchange.request.target, exchange.response);
    return true;
  }
}

/// Turns the exception that is being handled into the answer.
void Api::answer_with_error(std::string_view place, Response& response) const {
  try {
    throw;
  } catch (const Error& error) {
    response.fail(http_status(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    response.fail(503, "out of memory");
  } catch (const std::exception& error) {
    log(LogLevel::error, fmt::format("{}: {}", place, error.what()));
    response.fail(500, "internal error");
  } catch (...) {
    log(LogLevel::error, fmt::format("{}: an exception that is no std::exception", place));
    response.fail(500, "internal error");
  }
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
  } catch (...) {
    answer_with_error(head.target, response);
    return true;
  }
}

bool Api::dispatch(const Exchange& exchange) {
  const Request& request = exchange.request;
  Scratch& scratch = exchange.scratch;
  Response& response = exchange.response;
  const Route found = route(request.target, scratch.name, scratch.version);
  if (refuse_route(found, request.method, response)) return true;
  switch (found) {
    case Route::infer:
      return infer(exchange);
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
  append_string(out, "platform", model.servable->platform());
  out += ",\"inputs\":";
  append_tensors(out, signature.inputs);
  out += ",\"outputs\":";
  append_tensors(out, signature.outputs);
  out += '}';
}

bool Api::infer(const Exchange& exchange) {
  Scratch& scratch = exchange.scratch;
  Request& request = exchange.request;
  const bool is_inline = exchange.place == Place::inline_;
  const bool is_decoded = request.decoded != nullptr;
  const std::shared_ptr<const ServedVersion> model =
      is_decoded ? request.decoded->model : scratch.models.get().find(scratch.name, scratch.version);
  if (is_inline && takes_long_to_read(request)) return false;

  if (is_decoded) scratch.decoded = std::move(request.decoded);
  Decoded& decoded = *scratch.decoded;
  decoded.model = model;
  bool answered = true;
  try {
    if (!is_inline && steady_clock::now() > exchange.arrived + options_.timeouts.request)
      fail(Errc::deadline_exceeded, "", "the request waited too long for a worker");
    if (!is_decoded) decoded.request.decode(model->form, request.body, request.json_bytes, options_.limits);
    answered = answer(exchange, decoded);
    if (!answered && !decoded.request.keep()) fail(Errc::unavailable, "", "{}", too_much_memory);
  } catch (...) {
    answered = true;
    answer_with_error(model->model, exchange.response);
  }
  if (!answered) {
    request.decoded = std::exchange(scratch.decoded, std::make_shared<Decoded>(scratch.memory));
    return false;
  }
  decoded.model.reset();  // an idle thread must not keep a model that was removed
  model->metrics->requests.add(exchange.response.status);
  model->metrics->latency.add(steady_clock::now() - exchange.arrived);
  return true;
}

/// False when the outputs have to be computed, and that takes too long here.
bool Api::answer(const Exchange& exchange, const Decoded& decoded) {
  const ServedVersion& model = *decoded.model;
  const InferRequest& request = decoded.request;
  const std::int64_t rows = request.rows();
  const double expected = model.expectation.nanoseconds(rows);
  const bool computes = exchange.place == Place::worker || (expected >= 0 && expected <= inline_nanoseconds);
  if (!computes && (!request.use_cache() || rows > inline_lookups)) return false;

  const std::uint64_t id_bytes = 6 * request.id().size();
  reserve_answer(exchange.response, expected_answer_bytes(model.form, request) + id_bytes,
                 expected_output_bytes(model.form, rows));
  std::vector<Tensor>& outputs = exchange.scratch.outputs;
  outputs.resize(model.form.outputs.size());
  for (Tensor& output : outputs) {  // what a model does not write must not be the answer to another client
    output.shape.clear();
    output.data.clear();
    output.texts.clear();
  }
  CacheUse use = CacheUse::hit;
  if (computes) {
    const std::optional<CacheUse> computed = run(exchange, decoded);
    if (!computed) return false;
    use = *computed;
  } else if (!model.servable->find(request.inputs(), outputs)) {
    return false;  // only hits are answered here: they do not wait behind a slow model
  }
  check_outputs(model.form, request, outputs, options_.limits);
  reserve_answer(exchange.response, answer_bytes(model.form, request, outputs) + id_bytes, output_bytes(outputs));
  encode_answer(model.form, request, model.model, model.version, outputs, exchange.response);
  exchange.response.cache = name(use);
  model.metrics->rows.fetch_add(static_cast<std::uint64_t>(rows), std::memory_order_relaxed);
  return true;
}

/// Returns nothing when another request computes one of the rows, and a loop cannot wait for it any longer.
std::optional<CacheUse> Api::run(const Exchange& exchange, const Decoded& decoded) const {
  const ServedVersion& model = *decoded.model;
  const bool is_inline = exchange.place == Place::inline_;
  const TimePoint start = steady_clock::now();
  const TimePoint deadline = exchange.arrived + options_.timeouts.request;
  const PredictOptions call{.deadline = is_inline ? std::min(deadline, start + inline_patience) : deadline,
                            .use_cache = decoded.request.use_cache()};
  CacheUse use = CacheUse::bypass;
  try {
    use = model.servable->run(decoded.request.inputs(), exchange.scratch.outputs, call);
  } catch (const Error& error) {
    if (is_inline && error.code() == Errc::deadline_exceeded) return std::nullopt;
    throw;
  }
  if (use == CacheUse::miss || use == CacheUse::bypass || model.expectation.nanoseconds(1) < 0)
    model.expectation.learn(steady_clock::now() - start, decoded.request.rows());
  return use;
}

}  // namespace scalar::inline v0::serve
