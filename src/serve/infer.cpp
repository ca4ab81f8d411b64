#include "serve/infer.hpp"

#include <simdjson.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/fail.hpp"
#include "serve/infer_elements.hpp"
#include "serve/infer_json.hpp"
#include "serve/json_text.hpp"
#include "serve/outputs.hpp"
#include "serve/quote.hpp"

namespace scalar::inline v0::serve {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr std::size_t kept_bytes = 1 << 20;               // most storage that a request leaves to the next one
constexpr std::size_t kept_json_bytes = 256 << 10;        // longest JSON whose parser is kept
constexpr std::uint64_t parser_bytes_per_json_byte = 14;  // simdjson: tape 8, strings 5/3, structural indexes 4

std::string shape_of(const Described& input) {
  const auto dimensions = input.dimensions();
  return shape_text({dimensions.begin(), dimensions.end()});
}

}  // namespace

struct InferRequest::Parser {
  std::unique_ptr<simdjson::dom::parser> dom{};
};

InferRequest::InferRequest() : parser_(std::make_unique<Parser>()) {}
InferRequest::InferRequest(Budget& memory) : parser_(std::make_unique<Parser>()), memory_(memory) {}
InferRequest::~InferRequest() = default;

void InferRequest::clear() {
  release();
  wanted_.clear();
  id_.clear();
  rows_ = 1;
  has_id_ = has_json_texts_ = false;
  use_cache_ = true;
}

/// Not part of `clear`, so that a dense request for a wide model does not pay for each column.
void InferRequest::begin_inputs(std::size_t count) {
  if (elements_.size() < count) elements_.resize(count);
  inputs_.assign(count, {});
  seen_.assign(count, 0);
}

void InferRequest::release() {
  if (parser_->dom && parser_->dom->capacity() > kept_json_bytes) parser_->dom.reset();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < inputs_.size(); ++i)  // what an earlier request left in the others is small
    kept += elements_[i].kept_bytes() + sizeof(InputElements) + sizeof(TensorView) + 1;
  inputs_.clear();
  if (kept > kept_bytes) {
    inputs_ = {};
    elements_ = {};
    seen_ = {};
  }
  memory_.release();
}

bool InferRequest::keep() {
  if (!has_json_texts_) parser_->dom.reset();
  return memory_.hold_all();
}

/// Decodes one body into an InferRequest.
class InferDecoder {
 public:
  InferDecoder(const RequestForm& form, const Limits& limits, InferRequest& out)
      : form_(form), limits_(limits), out_(out) {}

  void decode(std::string_view body, std::optional<std::uint64_t> json_bytes) {
    if (json_bytes && *json_bytes > body.size())
      fail(Errc::invalid_argument, "", "Inference-Header-Content-Length is {}, the body has {} bytes", *json_bytes,
           body.size());
    if (json_bytes && *json_bytes == 0) return decode_raw(body);
    const auto size = static_cast<std::size_t>(json_bytes.value_or(body.size()));
    binary_ = body.substr(size);
    json_ = body.substr(0, size);
    const element root = parse(json_);
    read_request(root);
    if (!binary_.empty())
      fail(Errc::invalid_argument, "", "unexpected additional input data: {} bytes are left after the last tensor",
           binary_.size());
  }

 private:
  element parse(std::string_view json) {
    auto& dom = out_.parser_->dom;
    if (!dom) dom = std::make_unique<simdjson::dom::parser>();
    const std::size_t capacity = std::max<std::size_t>(json.size(), 4096);
    out_.memory_.hold(capacity * parser_bytes_per_json_byte);
    if (dom->capacity() < capacity && dom->allocate(capacity, static_cast<std::size_t>(limits_.json_depth)))
      fail(Errc::unavailable, "", "no memory to read the request");
    element root;
    // The bytes after the text are readable, so simdjson needs no copy.
    if (const auto error = dom->parse(json.data(), json.size(), false).get(root)) {
      if (error == simdjson::MEMALLOC) fail(Errc::unavailable, "", "no memory to read the request");
      const std::string word = bare_word(json);
      fail(Errc::parse, "the request's JSON", "{}", word.empty() ? simdjson::error_message(error) : word);
    }
    return root;
  }

  void read_request(element root) {
    std::optional<element> inputs, outputs;
    bool id = false, parameters = false, binary_output = false;
    for_each_member(root, "the request", [&](std::string_view key, element value) {
      if (key == "inputs") {
        if (inputs) fail(Errc::invalid_argument, "", "'inputs' comes twice");
        inputs = value;
      } else if (key == "outputs") {
        if (outputs) fail(Errc::invalid_argument, "", "'outputs' comes twice");
        outputs = value;
      } else if (key == "id") {
        once(id, key);
        out_.id_ = text_of(value, "'id'");
        out_.has_id_ = true;
      } else if (key == "parameters") {
        once(parameters, key);
        for_each_member(value, "'parameters'", [&](std::string_view parameter, element setting) {
          if (parameter == "binary_data_output") binary_output = bool_of(setting, "'binary_data_output'");
          if (parameter == "cache") out_.use_cache_ = bool_of(setting, "'cache'");
        });
      }
    });
    if (!inputs) fail(Errc::invalid_argument, "", "the request has no 'inputs'");
    read_inputs(*inputs);
    read_outputs(outputs, binary_output);
  }

  void read_inputs(element value) {
    array inputs;
    if (value.get_array().get(inputs) != simdjson::SUCCESS) fail(Errc::type_mismatch, "", "'inputs' is not an array");
    std::size_t position = 0;
    for (const element input : inputs) read_input(described_at(position++, input));
    if (position == 0) fail(Errc::invalid_argument, "", "'inputs' is empty");
    if (is_dense_) return;
    for (std::size_t i = 0; i < out_.seen_.size(); ++i)
      if (!out_.seen_[i])
        fail(Errc::invalid_argument, tensor(form_.inputs[i].name), "is missing; the model has {} inputs",
             out_.seen_.size());
  }

  void read_input(const Described& input) {
    check_size(input);
    if (is_dense_) refuse_unknown(input.name);
    const bool may_be_dense = input.position == 0 && form_.dense && input.name == form_.dense->name;
    // No column has such a shape. This comes before the search, so that a wide model does not pay for each column.
    if (may_be_dense && input.rank == 2 && input.shape[1] != 1) return read_dense(input);
    const std::size_t index = find(input.name);
    if (index < form_.inputs.size()) {
      if (out_.inputs_.empty()) out_.begin_inputs(form_.inputs.size());
      if (std::exchange(out_.seen_[index], 1)) fail(Errc::invalid_argument, tensor(input.name), "comes twice");
      read_tensor(input, form_.inputs[index], index);
    } else if (may_be_dense) {
      read_dense(input);
    } else {
      refuse_unknown(input.name);
    }
  }

  void read_dense(const Described& input) {
    is_dense_ = true;
    out_.begin_inputs(1);
    read_tensor(input, *form_.dense, 0);
  }

  /// The position of the input `name`. Most clients send the inputs in the order of the form: look there first.
  std::size_t find(std::string_view name) {
    const auto& inputs = form_.inputs;
    if (next_ < inputs.size() && inputs[next_].name == name) return next_++;
    if (positions_.empty())
      for (std::size_t i = 0; i < inputs.size(); ++i) positions_.emplace(inputs[i].name, i);
    const auto found = positions_.find(name);
    if (found == positions_.end()) return inputs.size();
    next_ = found->second + 1;
    return found->second;
  }

  [[noreturn]] void refuse_unknown(std::string_view name) const {
    fail(Errc::invalid_argument, tensor(name), "is no input of the model{}",
         form_.lists_dense ? ", which has 'input'" : "");
  }

  void check_size(const Described& input) {
    elements_ += count_of(input);
    if (elements_ > limits_.elements) refuse_large(input);
  }
  /// The number of elements, which must be within the limit, and so must each length.
  std::uint64_t count_of(const Described& input) const {
    std::uint64_t count = 1;
    for (const std::uint64_t size : input.dimensions()) {
      if (size > limits_.elements || (size != 0 && count > limits_.elements / size)) refuse_large(input);
      count *= size;
    }
    return count;
  }
  [[noreturn]] void refuse_large(const Described& input) const {
    fail(Errc::too_large, tensor(input.name), "the inputs have more than {} elements", limits_.elements);
  }

  void read_tensor(const Described& input, const TensorInfo& expected, std::size_t index) {
    check_shape(input, expected);
    if (expected.batched) set_rows(input);
    const DataType given = check_type(input, expected);
    InputElements& elements = out_.elements_[index];
    elements.shape.assign(input.dimensions().begin(), input.dimensions().end());
    if (elements.shape.size() < expected.shape.size()) elements.shape.push_back(1);  // a column `[rows]`
    TensorView& view = out_.inputs_[index];
    view.type = expected.type;
    view.shape = elements.shape;
    ElementReader reader(json_, out_.memory_);
    if (expected.type == DataType::bytes) {
      out_.has_json_texts_ |= !input.binary_bytes;
      view.texts = reader.texts(input, take_texts(input), form_.is_of_rows, elements);
    } else {
      view.data = reader.numbers(input, take_numbers(input, given), given, expected.type, elements);
    }
  }

  void check_shape(const Described& input, const TensorInfo& expected) const {
    const auto given = input.dimensions();
    if (form_.is_of_rows && given.size() == 1 && expected.shape[1] == 1) return;
    const auto fits = [](std::int64_t length, std::uint64_t size) {
      return length == -1 || static_cast<std::uint64_t>(length) == size;
    };
    if (!std::equal(expected.shape.begin(), expected.shape.end(), given.begin(), given.end(), fits))
      fail(Errc::shape_mismatch, tensor(input.name), "has the shape {}, expected {}", shape_of(input),
           shape_text(expected.shape));
  }

  void set_rows(const Described& input) {
    const auto rows = static_cast<std::int64_t>(input.shape[0]);
    if (has_rows_ && rows != batch_rows_)
      fail(Errc::shape_mismatch, tensor(input.name), "has {} rows, the inputs before it have {}", rows, batch_rows_);
    if (rows == 0) fail(Errc::shape_mismatch, tensor(input.name), "has no rows");
    batch_rows_ = rows;
    has_rows_ = true;
    if (form_.is_batched) out_.rows_ = rows;
  }

  /// The type that the request says. Throws when the input cannot be made from it.
  DataType check_type(const Described& input, const TensorInfo& expected) const {
    if (input.datatype == name(expected.type)) return expected.type;
    const std::optional<DataType> given = data_type(input.datatype);
    const bool converts = form_.is_of_rows && expected.type != DataType::bytes;
    if (converts && given && *given != DataType::bytes) return *given;
    fail(Errc::type_mismatch, tensor(input.name), "has datatype {}, expected {}{}", quoted(input.datatype),
         name(expected.type), converts ? " or another number" : "");
  }

  /// The binary data of an input of texts; nothing when it is JSON.
  std::string_view take_texts(const Described& input) {
    return input.binary_bytes ? take_binary(input, *input.binary_bytes) : std::string_view();
  }

  /// The binary data of an input of numbers; nothing when it is JSON.
  std::string_view take_numbers(const Described& input, DataType given) {
    if (!input.binary_bytes) return {};
    const std::uint64_t expected = input.elements() * size_bytes(given);
    if (*input.binary_bytes != expected)
      fail(Errc::shape_mismatch, tensor(input.name), "'binary_data_size' is {}, the shape needs {}",
           *input.binary_bytes, expected);
    return take_binary(input, expected);
  }

  std::string_view take_binary(const Described& input, std::uint64_t size) {
    if (size > binary_.size())
      fail(Errc::invalid_argument, tensor(input.name),
           "'binary_data_size' is {}, but only {} bytes of binary data are left", size, binary_.size());
    const std::string_view taken = binary_.substr(0, static_cast<std::size_t>(size));
    binary_.remove_prefix(taken.size());
    return taken;
  }

  void read_outputs(const std::optional<element>& value, bool binary_output) {
    const std::vector<TensorInfo>& known = form_.outputs;
    array outputs;
    if (value && value->get_array().get(outputs) != simdjson::SUCCESS)
      fail(Errc::type_mismatch, "", "'outputs' is not an array");
    if (!value || outputs.begin() == outputs.end()) {
      for (std::size_t i = 0; i < known.size(); ++i) out_.wanted_.push_back({i, binary_output});
      return;
    }
    for (const element output : outputs) read_output(output, binary_output);
  }

  void read_output(element output, bool is_binary) {
    std::optional<std::string_view> name;
    bool parameters = false;
    for_each_member(output, "an output", [&](std::string_view key, element value) {
      if (key == "name") {
        if (name) fail(Errc::invalid_argument, "", "'name' comes twice");
        name = text_of(value, "'name' of an output");
      } else if (key == "parameters") {
        once(parameters, key);
        for_each_member(value, "'parameters' of an output", [&](std::string_view parameter, element setting) {
          if (parameter == "binary_data") is_binary = bool_of(setting, "'binary_data'");
          if (parameter == "classification") fail(Errc::invalid_argument, "", "classification is not supported");
          if (parameter.starts_with("shared_memory_"))
            fail(Errc::invalid_argument, "", "shared memory is not supported");
        });
      }
    });
    if (!name) fail(Errc::invalid_argument, "", "an output has no 'name'");
    for (std::size_t i = 0; i < form_.outputs.size(); ++i) {
      if (form_.outputs[i].name != *name) continue;
      for (const InferRequest::Wanted& wanted : out_.wanted_)
        if (wanted.output == i) fail(Errc::invalid_argument, "output " + quoted(*name), "comes twice");
      out_.wanted_.push_back({i, is_binary});
      return;
    }
    fail(Errc::invalid_argument, "output " + quoted(*name), "is no output of the model");
  }

  /// Decodes a body that is the raw bytes of one tensor (Inference-Header-Content-Length: 0).
  void decode_raw(std::string_view body) {
    if (!form_.dense && form_.inputs.size() != 1)
      fail(Errc::invalid_argument, "", "a raw body needs a model with one input");
    const TensorInfo& expected = form_.dense ? *form_.dense : form_.inputs[0];
    Described input;
    input.name = expected.name;
    input.datatype = name(expected.type);
    input.binary_bytes = body.size();
    set_raw_shape(input, expected, body.size());
    check_size(input);
    out_.begin_inputs(1);
    if (expected.type == DataType::bytes) {
      if (expected.batched) set_rows(input);
      InputElements& elements = out_.elements_[0];
      elements.shape.assign(input.rank, 1);
      elements.texts.assign(1, body);
      out_.inputs_[0] = {DataType::bytes, elements.shape, {}, elements.texts};
    } else {
      binary_ = body;
      read_tensor(input, expected, 0);
    }
    read_outputs({}, true);
  }

  /// The shape of a raw body: texts have one element, and of numbers the size of the body decides one length at most.
  void set_raw_shape(Described& input, const TensorInfo& expected, std::uint64_t bytes) const {
    const bool is_text = expected.type == DataType::bytes;
    std::optional<std::size_t> free;
    for (const std::int64_t length : expected.shape) {
      if (length == -1 && !is_text && std::exchange(free, input.rank))
        fail(Errc::invalid_argument, "", "a raw body cannot say the lengths of {}", shape_text(expected.shape));
      input.shape[input.rank++] = length == -1 ? 1 : static_cast<std::uint64_t>(length);
    }
    const std::uint64_t known = count_of(input) * (is_text ? 1 : size_bytes(expected.type));
    const bool fits = is_text ? known == 1 : free ? known > 0 && bytes > 0 && bytes % known == 0 : known == bytes;
    if (!fits)
      fail(Errc::shape_mismatch, "", "the raw body has {} bytes, expected {} {}", bytes, name(expected.type),
           shape_text(expected.shape));
    if (free) input.shape[*free] = bytes / known;
  }

  const RequestForm& form_;
  const Limits& limits_;
  InferRequest& out_;
  std::string_view json_{}, binary_{};
  std::uint64_t elements_ = 0;
  std::size_t next_ = 0;                                           // the input that is expected next
  std::unordered_map<std::string_view, std::size_t> positions_{};  // by name; filled when an input comes out of order
  std::int64_t batch_rows_ = 0;
  bool has_rows_ = false;
  bool is_dense_ = false;
};

void InferRequest::decode(const RequestForm& form, std::string_view body, std::optional<std::uint64_t> json_bytes,
                          const Limits& limits) {
  clear();
  InferDecoder(form, limits, *this).decode(body, json_bytes);
  if (least_outputs(form, rows_) > limits.elements)
    fail(Errc::too_large, "", "the outputs would have more than {} elements", limits.elements);
}

}  // namespace scalar::inline v0::serve
