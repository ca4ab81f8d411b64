#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/fail.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "serve/infer.hpp"

namespace scalar::inline v0::serve {
namespace {

using Predictions = MatrixView<const double>;

void append(std::string& out, std::int64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

template <class T>
void append_bytes(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

/// Appends numbers separated by commas, in the shortest form that reads back to the same bits.
template <class T>
void append_numbers(std::string& out, const Predictions& values, std::string_view name) {
  constexpr std::size_t longest = 32;
  for (std::int64_t row = 0; row < values.rows; ++row) {
    const std::size_t used = out.size();
    out.resize(used + static_cast<std::size_t>(values.columns) * longest);
    char* at = out.data() + used;
    for (const double value : values.row(row)) {
      if (!std::isfinite(value))
        fail(Errc::invalid_argument, fmt::format("output '{}'", name),
             "row {} is not a finite number, which JSON cannot hold: ask for binary data", row);
      at = std::to_chars(at, at + longest, static_cast<T>(value)).ptr;
      *at++ = ',';
    }
    out.resize(static_cast<std::size_t>(at - out.data()));
  }
  if (out.back() == ',') out.pop_back();
}

std::size_t best(std::span<const double> row) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < row.size(); ++i)
    if (row[i] > row[best]) best = i;
  return best;
}

void append_json_data(std::string& out, const TensorInfo& info, const Signature& signature, const Predictions& values) {
  out += ",\"data\":[";
  if (info.type == DataType::float32)
    append_numbers<float>(out, values, info.name);
  else if (info.type == DataType::float64)
    append_numbers<double>(out, values, info.name);
  else
    for (std::int64_t row = 0; row < values.rows; ++row) {
      if (row > 0) out += ',';
      json::append_string(out, signature.classes[best(values.row(row))]);
    }
  out += ']';
}

void append_binary(std::string& out, const TensorInfo& info, const Signature& signature, const Predictions& values) {
  for (std::int64_t row = 0; row < values.rows; ++row) {
    if (info.type == DataType::bytes) {
      const std::string& label = signature.classes[best(values.row(row))];
      append_bytes(out, static_cast<std::uint32_t>(label.size()));
      out += label;
    } else if (info.type == DataType::float32) {
      for (const double value : values.row(row)) append_bytes(out, static_cast<float>(value));
    } else {
      for (const double value : values.row(row)) append_bytes(out, value);
    }
  }
}

}  // namespace

std::vector<TensorInfo> listed_inputs(const Signature& signature) {
  std::vector<TensorInfo> out;
  if (signature.prefers_dense && signature.is_numeric) {
    out.push_back({"input", DataType::float32, static_cast<std::int64_t>(signature.inputs.size())});
    return out;
  }
  for (const InputColumn& input : signature.inputs)
    out.push_back({input.name, input.is_text ? DataType::bytes : DataType::float64, 1});
  return out;
}

std::vector<TensorInfo> listed_outputs(const Signature& signature) {
  if (signature.classes.empty()) return {{"prediction", DataType::float64, signature.outputs}};
  return {{"probabilities", DataType::float32, signature.outputs}, {"label", DataType::bytes, 1}};
}

std::uint64_t answer_bytes(const Signature& signature, const InferRequest& request) {
  constexpr std::uint64_t around = 256;                             // for an output: its name, type, shape, parameters
  constexpr std::uint64_t longest_float = 16, longest_double = 25;  // -3.4028235e+38, -2.2250738585072014e-308
  const std::vector<TensorInfo> outputs = listed_outputs(signature);
  std::uint64_t total = around;
  for (const InferRequest::Wanted& wanted : request.wanted()) {
    const TensorInfo& info = outputs[wanted.output];
    std::uint64_t text = info.type == DataType::float32 ? longest_float : longest_double;
    std::uint64_t binary = info.type == DataType::float32 ? sizeof(float) : sizeof(double);
    if (info.type == DataType::bytes) {
      std::uint64_t longest = 0;
      for (const std::string& label : signature.classes) longest = std::max<std::uint64_t>(longest, label.size());
      text = longest * 6 + 3;  // every byte escaped, quotes, a comma
      binary = longest + sizeof(std::uint32_t);
    }
    // Binary tensors are gathered before they are appended, so they are briefly in memory twice.
    const auto count = static_cast<std::uint64_t>(request.rows() * info.columns);
    total += around + static_cast<std::uint64_t>(info.columns) * 32 + count * (wanted.is_binary ? 2 * binary : text);
  }
  return total;
}

void encode_answer(const Signature& signature, const InferRequest& request, std::string_view model,
                   std::string_view version, Predictions predictions, Response& response) {
  const std::vector<TensorInfo> outputs = listed_outputs(signature);
  std::string& out = response.body;
  std::string binary;
  out += "{\"model_name\":\"";
  out += model;
  out += "\",\"model_version\":\"";
  out += version;
  out += '"';
  if (request.has_id()) {
    out += ",\"id\":";
    json::append_string(out, request.id());
  }
  out += ",\"outputs\":[";
  bool first = true, any_binary = false;
  for (const InferRequest::Wanted& wanted : request.wanted()) {
    const TensorInfo& info = outputs[wanted.output];
    out += first ? "{\"name\":\"" : ",{\"name\":\"";
    first = false;
    out += info.name;
    out += "\",\"datatype\":\"";
    out += name(info.type);
    out += "\",\"shape\":[";
    append(out, predictions.rows);
    out += ',';
    append(out, info.columns);
    out += ']';
    if (wanted.is_binary) {
      any_binary = true;
      const std::size_t before = binary.size();
      append_binary(binary, info, signature, predictions);
      out += ",\"parameters\":{\"binary_data_size\":";
      append(out, static_cast<std::int64_t>(binary.size() - before));
      out += '}';
    } else {
      append_json_data(out, info, signature, predictions);
    }
    out += '}';
  }
  out += "]}";
  if (!any_binary) return;
  response.type = ContentType::octets;
  response.json_bytes = out.size();
  out += binary;
}

}  // namespace scalar::inline v0::serve
