#include "serve/infer_json.hpp"

#include <fmt/core.h>

#include "serve/quote.hpp"

namespace scalar::inline v0::serve {

using simdjson::dom::array;
using simdjson::dom::element;

std::string tensor(std::string_view name) { return "input " + quoted(name); }

std::string_view text_of(element value, std::string_view what) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) fail(Errc::type_mismatch, "", "{} is not a string", what);
  return text;
}
bool bool_of(element value, std::string_view what) {
  bool flag = false;
  if (value.get_bool().get(flag) != simdjson::SUCCESS) fail(Errc::type_mismatch, "", "{} is not true or false", what);
  return flag;
}
std::uint64_t size_of(element value, std::string_view what) {
  std::uint64_t size = 0;
  if (value.get_uint64().get(size) != simdjson::SUCCESS || size > std::uint64_t{1} << 62)
    fail(Errc::out_of_range, "", "{} is not a size", what);
  return size;
}

void once(bool& seen, std::string_view key) {
  if (std::exchange(seen, true)) fail(Errc::invalid_argument, "", "'{}' comes twice", key);
}

namespace {

void read_shape(element value, Described& out) {
  array dimensions;
  if (value.get_array().get(dimensions) != simdjson::SUCCESS) fail(Errc::type_mismatch, "", "'shape' is not an array");
  if (dimensions.size() > most_dimensions)
    fail(Errc::shape_mismatch, "", "'shape' has {} dimensions, expected at most {}", dimensions.size(),
         most_dimensions);
  for (const element dimension : dimensions) out.shape[out.rank++] = size_of(dimension, "a dimension of 'shape'");
}

void describe(element input, Described& out) {
  bool name = false, datatype = false, shape = false, parameters = false, data = false;
  for_each_member(input, "an input", [&](std::string_view key, element value) {
    if (key == "name") {
      once(name, key);
      out.name = text_of(value, "'name' of an input");
    } else if (key == "datatype") {
      once(datatype, key);
      out.datatype = text_of(value, "'datatype' of an input");
    } else if (key == "shape") {
      once(shape, key);
      read_shape(value, out);
    } else if (key == "parameters") {
      once(parameters, key);
      for_each_member(value, "'parameters' of an input", [&](std::string_view parameter, element setting) {
        if (parameter == "binary_data_size") out.binary_bytes = size_of(setting, "'binary_data_size'");
        if (parameter.starts_with("shared_memory_")) fail(Errc::invalid_argument, "", "shared memory is not supported");
      });
    } else if (key == "data") {
      once(data, key);
      array values;
      if (value.get_array().get(values) != simdjson::SUCCESS)
        fail(Errc::type_mismatch, tensor(out.name), "'data' is not an array");
      out.data = values;
    }
  });
  if (!name) fail(Errc::invalid_argument, "", "an input has no 'name'");
  if (!datatype) fail(Errc::invalid_argument, tensor(out.name), "has no 'datatype'");
  if (!shape) fail(Errc::invalid_argument, tensor(out.name), "has no 'shape'");
  if (out.data && out.binary_bytes)
    fail(Errc::invalid_argument, tensor(out.name), "has both 'data' and 'binary_data_size'");
  if (!out.data && !out.binary_bytes)
    fail(Errc::invalid_argument, tensor(out.name), "has neither 'data' nor 'binary_data_size'");
}

}  // namespace

Described described_at(std::size_t position, element input) {
  Described out;
  out.position = position;
  try {
    describe(input, out);
  } catch (const Error& error) {
    if (!error.context().empty()) throw;
    throw error.within(fmt::format("inputs[{}]", position));
  }
  return out;
}

void refuse_count(const Described& input, std::uint64_t seen, std::uint64_t expected) {
  fail(Errc::shape_mismatch, tensor(input.name), "'data' has {} elements where 'shape' says {}", seen, expected);
}

void refuse_mixture(const Described& input) {
  fail(Errc::type_mismatch, tensor(input.name), "'data' mixes values and arrays");
}

}  // namespace scalar::inline v0::serve
