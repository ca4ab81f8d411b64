#include "serve/infer.hpp"

#include <fmt/core.h>
#include <simdjson.h>

#include <cmath>
#include <cstring>
#include <unordered_map>

#include "core/fail.hpp"
#include "core/numbers.hpp"
#include "serve/infer_json.hpp"
#include "serve/json_text.hpp"
#include "serve/quote.hpp"

namespace scalar::inline v0::serve {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::string_view dense_name = "input";
constexpr std::size_t kept_bytes = 1 << 20;         // most storage that a request leaves to the next one
constexpr std::size_t kept_json_bytes = 256 << 10;  // longest JSON whose parser is kept
constexpr std::uint64_t uncounted_bytes = 256 << 10;
constexpr std::uint64_t parser_bytes_per_json_byte = 14;  // simdjson: tape 8, strings 5/3, structural indexes 4

/// Whether a dense batch, which is float32, can hold `number` exactly. JSON numbers of FP32 tensors are rounded before.
bool is_float32(double number) noexcept {
  return std::isnan(number) || static_cast<double>(static_cast<float>(number)) == number;
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
  dense_.clear();
  dense_view_ = {};
  is_dense_ = false;
  wanted_.clear();
  id_.clear();
  rows_ = 0;
  has_id_ = false;
  use_cache_ = true;
}

/// Not part of `clear`, so that a dense request for a wide model does not pay for each column.
void InferRequest::begin_columns(std::size_t inputs) {
  numbers_.resize(inputs);
  texts_.resize(inputs);
  columns_.assign(inputs, {});
  seen_.assign(inputs, 0);
}

void InferRequest::release() {
  if (parser_->dom && parser_->dom->capacity() > kept_json_bytes) parser_->dom.reset();
  std::size_t kept = dense_.capacity() * sizeof(float);
  if (!columns_.empty()) {  // otherwise what an earlier request left in them is small
    for (const auto& column : numbers_) kept += column.capacity() * sizeof(double);
    for (const auto& column : texts_) kept += column.capacity() * sizeof(std::string_view);
    kept += columns_.size() *
            (sizeof(BatchColumn) + sizeof(decltype(numbers_)::value_type) + sizeof(decltype(texts_)::value_type) + 1);
  }
  columns_.clear();
  needed_ = 0;
  if (kept > kept_bytes) {
    std::vector<float>().swap(dense_);
    numbers_ = {};
    texts_ = {};
    columns_ = {};
    seen_ = {};
  }
  memory_.release();
}

bool InferRequest::keep() {
  if (is_dense_) parser_->dom.reset();  // the texts of columns lie in it, the numbers do not
  return memory_.resize(std::max(needed_, memory_.bytes()));
}

BatchView InferRequest::batch() const { return is_dense_ ? BatchView(dense_view_) : BatchView(columns_, rows_); }

/// Decodes one body into an InferRequest.
class InferDecoder {
 public:
  InferDecoder(const Signature& signature, const Limits& limits, InferRequest& out)
      : signature_(signature), limits_(limits), out_(out) {}

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
  /// Counts memory before it is allocated. A small amount is not counted: the number of threads bounds it.
  void hold(std::uint64_t bytes) {
    out_.needed_ += bytes;
    if (out_.needed_ <= uncounted_bytes) return;
    const std::uint64_t more = out_.needed_ - out_.memory_.bytes();
    if (!out_.memory_.could_add(more))
      fail(Errc::too_large, "", "the request needs more memory than all requests and answers may have");
    if (!out_.memory_.add(more)) fail(Errc::unavailable, "", "{}", too_much_memory);
  }
  /// Makes room for the elements of `input`, but not for more than the JSON can hold: the shape is only a claim.
  template <class T>
  void make_room(const Described& input, std::vector<T>& values) {
    const std::uint64_t most = input.binary_bytes ? input.elements() : std::min(input.elements(), json_.size() / 2);
    hold(most * sizeof(T));
    values.reserve(static_cast<std::size_t>(most));
  }

  element parse(std::string_view json) {
    auto& dom = out_.parser_->dom;
    if (!dom) dom = std::make_unique<simdjson::dom::parser>();
    const std::size_t capacity = std::max<std::size_t>(json.size(), 4096);
    hold(capacity * parser_bytes_per_json_byte);
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
    bool first = true;
    std::size_t position = 0;
    for (const element input : inputs) {
      const Described described = described_at(position++, input);
      check_size(described);
      if (out_.is_dense_) refuse_unknown(described.name);
      const bool may_be_dense = first && signature_.is_numeric && described.name == dense_name;
      first = false;
      // No column has such a shape. This comes before the search, so that a wide model does not pay for each column.
      if (may_be_dense && described.rank == 2 && described.shape[1] != 1) {
        read_dense(described);
        continue;
      }
      const std::size_t column = find(described.name);
      if (column < signature_.inputs.size())
        read_column(described, column);
      else if (may_be_dense)
        read_dense(described);
      else
        refuse_unknown(described.name);
    }
    if (first) fail(Errc::invalid_argument, "", "'inputs' is empty");
    if (out_.is_dense_) return;
    for (std::size_t i = 0; i < out_.seen_.size(); ++i)
      if (!out_.seen_[i])
        fail(Errc::invalid_argument, tensor(signature_.inputs[i].name), "is missing; the model has {} inputs",
             out_.seen_.size());
  }

  /// The position of the input `name`. Most clients send the inputs in the order of the signature: look there first.
  std::size_t find(std::string_view name) {
    const auto& inputs = signature_.inputs;
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
         signature_.prefers_dense ? ", which has 'input'" : "");
  }

  void check_size(const Described& input) {
    // Each dimension is below 2^62, and their product is checked by division before it is computed.
    if (input.rank == 2 && input.shape[1] != 0 && input.shape[0] > limits_.elements / input.shape[1])
      refuse_large(input);
    if (input.shape[0] > limits_.elements) refuse_large(input);
    elements_ += input.elements();
    if (elements_ > limits_.elements) refuse_large(input);
  }
  [[noreturn]] void refuse_large(const Described& input) const {
    fail(Errc::too_large, tensor(input.name), "the inputs have more than {} elements", limits_.elements);
  }

  void set_rows(const Described& input) {
    const auto rows = static_cast<std::int64_t>(input.shape[0]);
    if (has_rows_ && rows != out_.rows_)
      fail(Errc::shape_mismatch, tensor(input.name), "has {} rows, the inputs before it have {}", rows, out_.rows_);
    if (rows == 0) fail(Errc::shape_mismatch, tensor(input.name), "has no rows");
    out_.rows_ = rows;
    has_rows_ = true;
  }

  std::string_view take_binary(const Described& input, std::uint64_t size) {
    if (size > binary_.size())
      fail(Errc::invalid_argument, tensor(input.name),
           "'binary_data_size' is {}, but only {} bytes of binary data are left", size, binary_.size());
    const std::string_view taken = binary_.substr(0, static_cast<std::size_t>(size));
    binary_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view take_elements(const Described& input, std::size_t element_bytes) {
    const std::uint64_t expected = input.elements() * element_bytes;
    if (*input.binary_bytes != expected)
      fail(Errc::shape_mismatch, tensor(input.name), "'binary_data_size' is {}, the shape needs {}",
           *input.binary_bytes, expected);
    return take_binary(input, expected);
  }

  void read_dense(const Described& input) {
    const std::uint64_t features = signature_.inputs.size();
    if (input.rank != 2 || input.shape[1] != features)
      fail(Errc::shape_mismatch, tensor(input.name), "has the wrong shape, expected [rows, {}]", features);
    set_rows(input);
    out_.is_dense_ = true;
    if (input.binary_bytes && input.datatype == "FP32") return use_floats(take_elements(input, sizeof(float)));
    const bool is_number = visit_number_type(input.datatype, [&]<class T>(T) { read_values<T>(input, out_.dense_); });
    if (!is_number)
      fail(Errc::type_mismatch, tensor(input.name), "has datatype {}, expected FP32 or another number",
           quoted(input.datatype));
    out_.dense_view_ = FloatMatrix(out_.dense_.data(), out_.rows_, static_cast<std::int64_t>(features));
  }

  /// Uses the floats where they lie, or copies them if they are not aligned.
  void use_floats(std::string_view bytes) {
    const auto features = static_cast<std::int64_t>(signature_.inputs.size());
    const float* floats = nullptr;
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) == 0) {
      floats = reinterpret_cast<const float*>(bytes.data());
    } else {
      hold(bytes.size());
      out_.dense_.resize(bytes.size() / sizeof(float));
      if (!bytes.empty()) std::memcpy(out_.dense_.data(), bytes.data(), bytes.size());
      floats = out_.dense_.data();
    }
    out_.dense_view_ = FloatMatrix(floats, out_.rows_, features);
  }

  void read_column(const Described& input, std::size_t column) {
    if (out_.columns_.empty()) out_.begin_columns(signature_.inputs.size());
    if (std::exchange(out_.seen_[column], 1)) fail(Errc::invalid_argument, tensor(input.name), "comes twice");
    if (input.rank == 2 && input.shape[1] != 1)
      fail(Errc::shape_mismatch, tensor(input.name), "has the wrong shape, expected [rows, 1]");
    set_rows(input);
    const bool is_text = signature_.inputs[column].is_text;
    const bool is_bytes = input.datatype == name(DataType::bytes);
    bool is_number = false;
    if (is_text && is_bytes) {
      read_texts(input, out_.texts_[column]);
      out_.columns_[column].texts = out_.texts_[column];
    } else if (!is_text) {
      std::vector<double>& numbers = out_.numbers_[column];
      numbers.clear();
      is_number = visit_number_type(input.datatype, [&]<class T>(T) { read_values<T>(input, numbers); });
      out_.columns_[column].numbers = numbers;
    }
    if (is_number || (is_text && is_bytes)) return;
    fail(Errc::type_mismatch, tensor(input.name), "has datatype {}, expected {}", quoted(input.datatype),
         is_text ? "BYTES" : "FP64 or another number");
  }

  /// Appends the values of a tensor of `T`s to `out`. A dense tensor has floats in `out`, which must hold them exactly.
  template <class T, class Out>
  void read_values(const Described& input, std::vector<Out>& out) {
    constexpr bool is_dense = std::is_same_v<Out, float>;
    const auto keep = [&out](const std::optional<double>& number) {
      if (!number || (is_dense && !is_float32(*number))) return false;
      out.push_back(static_cast<Out>(*number));
      return true;
    };
    if (!input.binary_bytes) {
      make_room(input, out);
      return for_each_value(input, [&](element value, std::uint64_t at) {
        if (!keep(number_of<T>(value))) refuse_value(input, value, at, fault<T>(value));
      });
    }
    const std::string_view bytes = take_elements(input, sizeof(T));
    make_room(input, out);
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
      const char* const bytes_of_one = bytes.data() + at;
      const std::optional<double> number = loaded<T>(bytes_of_one);
      if (keep(number)) continue;
      std::string_view why = number ? inexact_float32 : inexact_float64;
      if constexpr (std::is_same_v<T, Flag>) why = "is no BOOL: that is 0 or 1";
      fail(Errc::out_of_range, tensor(input.name), "holds the number {}, which {}", text_of_number<T>(bytes_of_one),
           why);
    }
  }

  /// The message shows the value as the request spells it.
  [[noreturn]] void refuse_value(const Described& input, element value, std::uint64_t at, std::string_view what) const {
    std::string seen;
    switch (value.type()) {
      case element_type::STRING:
        seen = fmt::format("the string {}", quoted(value.get_string().value_unsafe()));
        break;
      case element_type::ARRAY:
        seen = "an array";
        break;
      case element_type::OBJECT:
        seen = "an object";
        break;
      default:
        // To parse a long text again would take more memory than was counted for the request.
        if (json_.size() <= kept_json_bytes) seen = spelling(json_, input.position, at);
        if (seen.empty()) seen = simdjson::minify(value);
        if (value.is_number()) seen.insert(0, "the number ");
        break;
    }
    const bool names_type = what == is_no || what == is_beyond;
    fail(what == is_no ? Errc::type_mismatch : Errc::out_of_range, tensor(input.name), "'data' holds {}, which {}{}",
         seen, what, names_type ? input.datatype : "");
  }

  void read_texts(const Described& input, std::vector<std::string_view>& out) {
    out.clear();
    if (!input.binary_bytes) {
      make_room(input, out);
      return for_each_value(input, [&](element value, std::uint64_t at) {
        std::string_view text;
        if (!value.is_null() && value.get_string().get(text) != simdjson::SUCCESS)
          refuse_value(input, value, at, is_no);
        out.push_back(text);
      });
    }
    std::string_view bytes = take_binary(input, *input.binary_bytes);
    const std::uint64_t most = std::min<std::uint64_t>(input.elements(), bytes.size() / sizeof(std::uint32_t));
    hold(most * sizeof(std::string_view));
    out.reserve(static_cast<std::size_t>(most));
    while (!bytes.empty()) {
      std::uint32_t size = 0;
      if (bytes.size() < sizeof size) fail(Errc::parse, tensor(input.name), "ends within the length of an element");
      std::memcpy(&size, bytes.data(), sizeof size);
      bytes.remove_prefix(sizeof size);
      if (size > bytes.size())
        fail(Errc::parse, tensor(input.name), "an element of {} bytes has only {} left", size, bytes.size());
      if (out.size() == input.elements())
        fail(Errc::shape_mismatch, tensor(input.name), "has more elements than its shape says");
      out.push_back(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
    if (out.size() != input.elements())
      fail(Errc::shape_mismatch, tensor(input.name), "has {} elements, its shape says {}", out.size(),
           input.elements());
  }

  void read_outputs(const std::optional<element>& value, bool binary_output) {
    const std::vector<TensorInfo> known = listed_outputs(signature_);
    array outputs;
    if (value && value->get_array().get(outputs) != simdjson::SUCCESS)
      fail(Errc::type_mismatch, "", "'outputs' is not an array");
    if (!value || outputs.begin() == outputs.end()) {
      for (std::size_t i = 0; i < known.size(); ++i) out_.wanted_.push_back({i, binary_output});
      return;
    }
    for (const element output : outputs) read_output(output, known, binary_output);
  }

  void read_output(element output, const std::vector<TensorInfo>& known, bool is_binary) {
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
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (known[i].name != *name) continue;
      for (const InferRequest::Wanted& wanted : out_.wanted_)
        if (wanted.output == i) fail(Errc::invalid_argument, "output " + quoted(*name), "comes twice");
      out_.wanted_.push_back({i, is_binary});
      return;
    }
    fail(Errc::invalid_argument, "output " + quoted(*name), "is no output of the model");
  }

  /// Decodes a body that is the raw bytes of one tensor (Inference-Header-Content-Length: 0).
  void decode_raw(std::string_view body) {
    Described input{.name = dense_name, .datatype = "FP32", .rank = 2};
    const std::uint64_t features = signature_.inputs.size();
    if (signature_.is_numeric && features > 0) {
      if (body.empty() || body.size() % (features * sizeof(float)) != 0)
        fail(Errc::shape_mismatch, "", "the raw body has {} bytes, expected rows of {} FP32", body.size(), features);
      input.shape = {body.size() / (features * sizeof(float)), features};
      check_size(input);
      set_rows(input);
      out_.is_dense_ = true;
      use_floats(body);
    } else if (features == 1) {
      out_.begin_columns(1);
      out_.rows_ = 1;
      out_.texts_[0].assign(1, body);
      out_.columns_[0].texts = out_.texts_[0];
    } else {
      fail(Errc::invalid_argument, "", "a raw body needs a model with one input");
    }
    read_outputs({}, true);
  }

  const Signature& signature_;
  const Limits& limits_;
  InferRequest& out_;
  std::string_view json_{}, binary_{};
  std::uint64_t elements_ = 0;
  std::size_t next_ = 0;                                           // the input that is expected next
  std::unordered_map<std::string_view, std::size_t> positions_{};  // by name; filled when an input comes out of order
  bool has_rows_ = false;
};

void InferRequest::decode(const Signature& signature, std::string_view body, std::optional<std::uint64_t> json_bytes,
                          const Limits& limits) {
  clear();
  InferDecoder(signature, limits, *this).decode(body, json_bytes);
  const auto outputs = static_cast<std::uint64_t>(signature.outputs);
  if (outputs != 0 && static_cast<std::uint64_t>(rows_) > limits.elements / outputs)
    fail(Errc::too_large, "", "the outputs would have more than {} elements", limits.elements);
}

}  // namespace scalar::inline v0::serve
