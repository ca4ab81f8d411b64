#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/fail.hpp"
#include "core/numbers.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "serve/infer.hpp"
#include "serve/quote.hpp"

namespace scalar::inline v0::serve {
namespace {

void append(std::string& out, std::int64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_shape(std::string& out, std::span<const std::int64_t> shape) {
  out += '[';
  for (const std::int64_t length : shape) {
    append(out, length);
    out += ',';
  }
  if (shape.empty())
    out += ']';
  else
    out.back() = ']';
}

/// Throws that JSON cannot hold an element.
[[noreturn]] void refuse(const TensorInfo& info, const Tensor& tensor, std::size_t element, std::string_view why) {
  const auto rows = info.batched && tensor.shape[0] > 0 ? static_cast<std::size_t>(tensor.shape[0]) : 0;
  const auto count = static_cast<std::size_t>(tensor.elements());
  fail(Errc::invalid_argument, fmt::format("output {}", quoted(info.name)),
       "{} {} {}, which JSON cannot hold: ask for binary data", rows > 0 ? "row" : "element",
       rows > 0 ? element / (count / rows) : element, why);
}

/// Writes `number` at `at`, in the shortest form that reads back to the same value. Returns the end.
template <class T>
char* write(char* at, char* end, T number) {
  if constexpr (std::is_same_v<T, Flag>) {
    const std::string_view text = number.byte != 0 ? "true" : "false";
    return std::copy(text.begin(), text.end(), at);
  } else if constexpr (std::is_class_v<T>) {
    return std::to_chars(at, end, static_cast<float>(number.value())).ptr;
  } else {
    return std::to_chars(at, end, number).ptr;
  }
}

/// Appends numbers separated by commas.
template <class T>
void append_numbers(std::string& out, const TensorInfo& info, const Tensor& tensor) {
  constexpr std::size_t longest = 25, at_once = 64;  // -2.2250738585072014e-308 and a comma
  const std::span<const T> numbers = tensor.as<T>();
  for (std::size_t begin = 0; begin < numbers.size(); begin += at_once) {
    const std::size_t end = std::min(numbers.size(), begin + at_once), used = out.size();
    out.resize(used + (end - begin) * longest);
    char* at = out.data() + used;
    for (std::size_t i = begin; i < end; ++i) {
      if (is_floating<T> && !std::isfinite(*exactly(numbers[i]))) refuse(info, tensor, i, "is not a finite number");
      at = write(at, at + longest, numbers[i]);
      *at++ = ',';
    }
    out.resize(static_cast<std::size_t>(at - out.data()));
  }
  if (!numbers.empty()) out.pop_back();
}

void append_json_data(std::string& out, const TensorInfo& info, const Tensor& tensor) {
  out += ",\"data\":[";
  visit_number_type(info.type, [&]<class T>(T) { append_numbers<T>(out, info, tensor); });
  for (std::size_t i = 0; i < tensor.texts.size(); ++i) {
    if (!json::is_utf8(tensor.texts[i])) refuse(info, tensor, i, "is not UTF-8");
    if (i > 0) out += ',';
    json::append_string(out, tensor.texts[i]);
  }
  out += ']';
}

void append_binary(std::string& out, const TensorInfo& info, const Tensor& tensor) {
  if (!tensor.data.empty()) out.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
  for (const std::string& text : tensor.texts) {
    if (text.size() > std::numeric_limits<std::uint32_t>::max())
      fail(Errc::too_large, "output " + quoted(info.name), "has an element of {} bytes, which BYTES cannot say",
           text.size());
    const auto size = static_cast<std::uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out += text;
  }
}

}  // namespace

void encode_answer(const RequestForm& form, const InferRequest& request, std::string_view model,
                   std::string_view version, std::span<const Tensor> outputs, Response& response) {
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
    const TensorInfo& info = form.outputs[wanted.output];
    const Tensor& output = outputs[wanted.output];
    out += first ? "{\"name\":" : ",{\"name\":";
    first = false;
    json::append_string(out, info.name);
    out += ",\"datatype\":\"";
    out += name(info.type);
    out += "\",\"shape\":";
    append_shape(out, output.shape);
    if (wanted.is_binary) {
      any_binary = true;
      const std::size_t before = binary.size();
      append_binary(binary, info, output);
      out += ",\"parameters\":{\"binary_data_size\":";
      append(out, static_cast<std::int64_t>(binary.size() - before));
      out += '}';
    } else {
      append_json_data(out, info, output);
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
