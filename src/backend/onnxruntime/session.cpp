#include "backend/onnxruntime/session.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "backend/native/mlp/flush_to_zero.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::backend::onnxruntime {
namespace {

// By the number of `TensorProto.DataType`.
constexpr std::array<std::optional<DataType>, 17> types{
    std::nullopt,     DataType::float32, DataType::uint8, DataType::int8,    DataType::uint16,  DataType::int16,
    DataType::int32,  DataType::int64,   DataType::bytes, DataType::boolean, DataType::float16, DataType::float64,
    DataType::uint32, DataType::uint64,  std::nullopt,    std::nullopt,      DataType::bfloat16};

/// An input or output, and what the model calls its dimensions: "" for those without a name.
struct Described {
  TensorInfo info{};
  std::vector<std::string> symbols{};
  OutputForm form = OutputForm::tensor;
};

/// Reads what a session says about its inputs and outputs.
class Description {
 public:
  Description(const Library& library, const Session* session, const std::string& place)
      : library_(library), api_(library.api()), session_(session), place_(place) {}

  std::vector<Described> inputs() const {
    std::vector<Described> all(count(api_.input_count));
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].info.name = name(api_.input_name, i);
      describe(api_.input_type, i, "input", all[i]);
      if (all[i].form != OutputForm::tensor) refuse("input", all[i].info.name);
    }
    return all;
  }
  std::vector<Described> outputs() const {
    std::vector<Described> all(count(api_.output_count));
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].info.name = name(api_.output_name, i);
      describe(api_.output_type, i, "output", all[i]);
    }
    return all;
  }

 private:
  std::size_t count(Status* (*ask)(const Session*, std::size_t*)) const {
    std::size_t count = 0;
    library_.check(ask(session_, &count), place_);
    return count;
  }
  std::string name(Status* (*ask)(const Session*, std::size_t, Allocator*, char**), std::size_t index) const {
    char* text = nullptr;
    library_.check(ask(session_, index, library_.allocator(), &text), place_);
    std::string name = text;
    library_.check(api_.allocator_free(library_.allocator(), text), place_);
    return name;
  }

  void describe(Status* (*ask)(const Session*, std::size_t, TypeInfo**), std::size_t index, std::string_view what,
                Described& to) const {
    Owned<TypeInfo> type(api_.release_type);
    library_.check(ask(session_, index, type.out()), place_);
    ValueType value_type{};
    library_.check(api_.value_type_of(type.get(), &value_type), place_);
    if (value_type == ValueType::sequence) return describe_maps(type.get(), what, to);
    if (value_type != ValueType::tensor) refuse(what, to.info.name);
    const TensorTypeInfo* tensor = nullptr;
    library_.check(api_.tensor_info_of(type.get(), &tensor), place_);
    to.info.type = element_type(tensor, what, to.info.name);
    std::size_t rank = 0;
    library_.check(api_.rank(tensor, &rank), place_);
    to.info.shape.resize(rank);
    library_.check(api_.dimensions(tensor, to.info.shape.data(), rank), place_);
    std::vector<const char*> symbols(rank);
    library_.check(api_.symbolic_dimensions(tensor, symbols.data(), rank), place_);
    for (const char* symbol : symbols) to.symbols.emplace_back(symbol != nullptr ? symbol : "");
  }

  DataType element_type(const TensorTypeInfo* tensor, std::string_view what, const std::string& of) const {
    int number = 0;
    library_.check(api_.element_type(tensor, &number), place_);
    const std::optional<DataType> type = data_type_of(number);
    if (!type) fail(Errc::unsupported, place_, "{} \"{}\" has elements of ONNX's type {}", what, of, number);
    return *type;
  }

  void describe_maps(const TypeInfo* type, std::string_view what, Described& to) const {
    const SequenceInfo* sequence = nullptr;
    library_.check(api_.sequence_info_of(type, &sequence), place_);
    Owned<TypeInfo> element(api_.release_type);
    library_.check(api_.sequence_element_type(sequence, element.out()), place_);
    ValueType value_type{};
    library_.check(api_.value_type_of(element.get(), &value_type), place_);
    if (value_type != ValueType::map) refuse(what, to.info.name);
    const MapInfo* map = nullptr;
    library_.check(api_.map_info_of(element.get(), &map), place_);
    Owned<TypeInfo> value(api_.release_type);
    library_.check(api_.map_value_type(map, value.out()), place_);
    const TensorTypeInfo* tensor = nullptr;
    library_.check(api_.tensor_info_of(value.get(), &tensor), place_);
    to.info.type = element_type(tensor, what, to.info.name);
    to.info.shape = {-1, -1};
    to.symbols = {"", ""};
    to.form = OutputForm::maps;
  }

  [[noreturn]] void refuse(std::string_view what, const std::string& name) const {
    fail(Errc::unsupported, place_, "{} \"{}\" is no tensor; export the model with tensors only", what, name);
  }

  const Library& library_;
  const Api& api_;
  const Session* session_;
  const std::string& place_;
};

/// Marks what has a row for each row of a request: the first dimension is free, and its name, if it has one, stands
/// for nothing else. A tensor `[steps, features]` beside one `[steps, steps]` has no rows of its own.
void mark_batched(std::vector<Described>& inputs, std::vector<Described>& outputs) {
  std::string batch;
  bool is_one = true;
  for (const Described& input : inputs) {
    const std::string symbol = input.symbols.empty() ? "" : input.symbols.front();
    if (symbol.empty()) continue;
    is_one = is_one && (batch.empty() || symbol == batch);
    batch = symbol;
  }
  for (const std::vector<Described>* all : {&inputs, &outputs})
    for (const Described& one : *all)
      for (std::size_t i = 1; i < one.symbols.size(); ++i)
        is_one = is_one && (batch.empty() || one.symbols[i] != batch);
  for (std::vector<Described>* all : {&inputs, &outputs})
    for (Described& one : *all) one.info.batched = is_one && !one.info.shape.empty() && one.info.shape.front() == -1;
}

Owned<SessionOptions> options_of(const Library& library, int threads, const std::string& log_id,
                                 const std::string& place) {
  const Api& api = library.api();
  Owned<SessionOptions> options(api.release_session_options);
  library.check(api.create_session_options(options.out()), place);
  library.check(api.set_log_id(options.get(), log_id.c_str()), place);
  library.check(api.set_intra_op_threads(options.get(), threads), place);
  library.check(api.set_inter_op_threads(options.get(), 1), place);
  constexpr std::pair<const char*, const char*> entries[] = {
      {"session.intra_op.allow_spinning", "0"},  // threads that spin make a busy machine many times slower
      {"session.inter_op.allow_spinning", "0"},
      {"session.set_denormal_as_zero", "1"},
      // A model in memory has no folder; by default, its tensors may lie in files of the working directory.
      {"session.model_external_initializers_file_folder_path", "/dev/null"},
  };
  for (const auto& [key, value] : entries) library.check(api.add_config_entry(options.get(), key, value), place);
  return options;
}

}  // namespace

OrtSession::OrtSession(std::shared_ptr<const Library> library, std::span<const std::byte> model, int threads,
                       const std::string& place, const Runtime& runtime)
    : library_(std::move(library)), place_(place), log_(runtime), session_(library_->api().release_session) {
  library_->log_unset(runtime);
  const Owned<SessionOptions> options = options_of(*library_, threads, log_.id(), place_);
  const native::FlushToZero restored;  // ONNX Runtime changes this thread's mode for good
  library_->check(
      library_->api().create_session(library_->env(), model.data(), model.size(), options.get(), session_.out()),
      place_, Errc::corrupt);
  read_signature();
}

void OrtSession::read_signature() {
  const Description description(*library_, session_.get(), place_);
  std::vector<Described> inputs = description.inputs(), outputs = description.outputs();
  mark_batched(inputs, outputs);
  for (Described& input : inputs) signature_.inputs.push_back(std::move(input.info));
  for (Described& output : outputs) {
    signature_.outputs.push_back(std::move(output.info));
    forms_.push_back(output.form);
  }
  for (const TensorInfo& input : signature_.inputs) input_names_.push_back(input.name.c_str());
  for (const TensorInfo& output : signature_.outputs) output_names_.push_back(output.name.c_str());
}

void OrtSession::run(std::span<const Value* const> inputs, std::span<Value*> outputs) const {
  const native::FlushToZero flush;
  library_->check(library_->api().run(session_.get(), nullptr, input_names_.data(), inputs.data(), inputs.size(),
                                      output_names_.data(), outputs.size(), outputs.data()),
                  place_);
}

std::optional<DataType> data_type_of(int onnx) noexcept {
  return onnx >= 0 && onnx < static_cast<int>(types.size()) ? types[static_cast<std::size_t>(onnx)] : std::nullopt;
}

int onnx_type_of(DataType type) noexcept {
  return static_cast<int>(std::find(types.begin(), types.end(), std::optional(type)) - types.begin());
}

}  // namespace scalar::inline v0::backend::onnxruntime
