#include "predictor/tensor_rows.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "scalar/data/check_inputs.hpp"

namespace scalar::inline v0::predictor {
namespace {

void append(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  const std::size_t before = out.size();
  out.resize(before + bytes.size());  // g++ 12 warns falsely about insert
  if (!bytes.empty()) std::memcpy(out.data() + before, bytes.data(), bytes.size());
}
void append(std::vector<std::byte>& out, std::uint64_t number) { append(out, std::as_bytes(std::span(&number, 1))); }
void append(std::vector<std::byte>& out, std::string_view text) {
  append(out, std::uint64_t{text.size()});
  append(out, std::as_bytes(std::span(text.data(), text.size())));
}

/// Reads what `append` wrote.
class Packed {
 public:
  explicit Packed(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::span<const std::byte> bytes(std::size_t count) {
    const std::span<const std::byte> result = rest_.first(count);
    rest_ = rest_.subspan(count);
    return result;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes(sizeof value).data(), sizeof value);
    return value;
  }
  void text(std::string& out) {
    const std::span<const std::byte> content = bytes(number());
    out.assign(reinterpret_cast<const char*>(content.data()), content.size());
  }

 private:
  std::span<const std::byte> rest_;
};

/// The number of elements in a row of a tensor of that shape.
std::size_t row_elements(std::span<const std::int64_t> shape) {
  std::size_t count = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) count *= static_cast<std::size_t>(shape[i]);
  return count;
}

/// One row of a tensor's elements.
template <class Element>
std::span<Element> row_of(std::span<Element> elements, std::int64_t row, std::size_t size) {
  return elements.subspan(static_cast<std::size_t>(row) * size, size);
}

/// True for a tensor whose rows all have the same shape. Requires a dimension, as batched tensors have.
bool has_fixed_row(const TensorInfo& tensor) {
  constexpr std::int64_t most = std::int64_t{1} << 31;  // elements; what is larger is hardly cached
  const std::optional<std::int64_t> elements = data::elements_of(std::span(tensor.shape).subspan(1));
  return elements && *elements < most;
}

}  // namespace

std::size_t TensorScratch::kept_bytes() const noexcept {
  std::size_t bytes = keys.capacity() + key_ends.capacity() * sizeof(std::size_t) + value.capacity();
  for (const Gathered& input : gathered)
    bytes += input.data.capacity() + input.texts.capacity() * sizeof(std::string_view);
  for (const Tensor& output : outputs) {
    bytes += output.data.capacity();
    for (const std::string& text : output.texts) bytes += sizeof(std::string) + text.capacity();
  }
  return bytes;
}

bool has_cacheable_rows(const Signature& signature) noexcept {
  return signature.is_batched() && std::all_of(signature.outputs.begin(), signature.outputs.end(), has_fixed_row);
}

TensorRows::TensorRows(const AnyModel& model, std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
                       TensorScratch& scratch)
    : model_(model), inputs_(inputs), outputs_(outputs), scratch_(scratch), rows_(inputs[0].shape[0]) {
  const Signature& signature = model.signature();
  is_own_key_ = inputs.size() == 1 && inputs[0].type != DataType::bytes && has_fixed_row(signature.inputs[0]);
  is_own_value_ = signature.outputs.size() == 1 && signature.outputs[0].type != DataType::bytes;
  if (!is_own_key_) set_keys();
  shape_outputs();
}

void TensorRows::set_keys() {
  scratch_.keys.clear();
  scratch_.key_ends.clear();
  for (std::int64_t row = 0; row < rows_; ++row) {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const TensorView& input = inputs_[i];
      const std::vector<std::int64_t>& declared = model_.signature().inputs[i].shape;
      for (std::size_t axis = 1; axis < declared.size(); ++axis)
        if (declared[axis] < 0) append(scratch_.keys, static_cast<std::uint64_t>(input.shape[axis]));
      const std::size_t elements = row_elements(input.shape);
      if (input.type == DataType::bytes)
        for (const std::string_view text : row_of(input.texts, row, elements)) append(scratch_.keys, text);
      else
        append(scratch_.keys, row_of(input.data, row, elements * size_bytes(input.type)));
    }
    scratch_.key_ends.push_back(scratch_.keys.size());
  }
}

void TensorRows::shape_outputs() {
  const std::vector<TensorInfo>& declared = model_.signature().outputs;
  outputs_.resize(declared.size());
  for (std::size_t i = 0; i < declared.size(); ++i) {
    Tensor& output = outputs_[i];
    output.type = declared[i].type;
    output.shape = declared[i].shape;
    output.shape[0] = rows_;
    const auto elements = static_cast<std::size_t>(output.elements());
    output.data.resize(elements * size_bytes(output.type));
    output.texts.resize(output.type == DataType::bytes ? elements : 0);
  }
}

std::span<const std::byte> TensorRows::key(std::int64_t row) const {
  if (is_own_key_) return row_of(inputs_[0].data, row, row_elements(inputs_[0].shape) * size_bytes(inputs_[0].type));
  const auto at = static_cast<std::size_t>(row);
  const std::size_t begin = at == 0 ? 0 : scratch_.key_ends[at - 1];
  return std::span(scratch_.keys).subspan(begin, scratch_.key_ends[at] - begin);
}

std::span<std::byte> TensorRows::numbers(Tensor& output, std::int64_t row) const {
  return row_of(std::span(output.data), row, row_elements(output.shape) * size_bytes(output.type));
}

bool TensorRows::find(cache::Cache& cache, const cache::Key& key, std::int64_t row) {
  if (is_own_value_) return cache.find(key, numbers(outputs_[0], row));
  const cache::Bytes value = cache.find(key);
  if (!value) return false;
  take(row, value.bytes());
  return true;
}

void TensorRows::take(std::int64_t row, std::span<const std::byte> value) {
  Packed packed(value);
  for (Tensor& output : outputs_) {
    if (output.type == DataType::bytes) {
      for (std::string& text : row_of(std::span(output.texts), row, row_elements(output.shape))) packed.text(text);
    } else {
      const std::span<std::byte> to = numbers(output, row);
      std::copy_n(packed.bytes(to.size()).begin(), to.size(), to.begin());
    }
  }
}

std::span<const std::byte> TensorRows::value(std::int64_t row) const {
  if (is_own_value_) return numbers(outputs_[0], row);
  scratch_.value.clear();
  for (Tensor& output : outputs_) {
    if (output.type == DataType::bytes)
      for (const std::string& text : row_of(std::span(output.texts), row, row_elements(output.shape)))
        append(scratch_.value, std::string_view(text));
    else
      append(scratch_.value, numbers(output, row));
  }
  return scratch_.value;
}

void TensorRows::compute(std::span<const ClaimedRow> rows) {
  if (static_cast<std::int64_t>(rows.size()) == rows_) return model_.run(inputs_, outputs_);  // all, in their order
  gather(rows);
  model_.run(scratch_.inputs, scratch_.outputs);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Tensor &from = scratch_.outputs[i], &to = outputs_[i];
    const std::size_t elements = row_elements(to.shape);
    for (std::size_t j = 0; j < rows.size(); ++j) {
      const auto computed = static_cast<std::int64_t>(j);
      if (to.type == DataType::bytes)
        std::ranges::move(row_of(std::span(from.texts), computed, elements),
                          row_of(std::span(to.texts), rows[j].index, elements).begin());
      else
        std::ranges::copy(numbers(from, computed), numbers(to, rows[j].index).begin());
    }
  }
}

void TensorRows::gather(std::span<const ClaimedRow> rows) {
  scratch_.gathered.resize(inputs_.size());
  scratch_.inputs.clear();
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const TensorView& input = inputs_[i];
    TensorScratch::Gathered& to = scratch_.gathered[i];
    to.shape.assign(input.shape.begin(), input.shape.end());
    to.shape[0] = static_cast<std::int64_t>(rows.size());
    to.data.clear();
    to.texts.clear();
    const std::size_t elements = row_elements(input.shape);
    for (const ClaimedRow& row : rows) {
      if (input.type == DataType::bytes) {
        const auto texts = row_of(input.texts, row.index, elements);
        to.texts.insert(to.texts.end(), texts.begin(), texts.end());
      } else {
        append(to.data, row_of(input.data, row.index, elements * size_bytes(input.type)));
      }
    }
    scratch_.inputs.push_back({.type = input.type, .shape = to.shape, .data = to.data, .texts = to.texts});
  }
}

WholeRequest::WholeRequest(const AnyModel& model, std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
                           TensorScratch& scratch)
    : model_(model), inputs_(inputs), outputs_(outputs), scratch_(scratch) {
  scratch_.keys.clear();
  for (const TensorView& input : inputs) {  // the signature fixes the types
    append(scratch_.keys, std::uint64_t{input.shape.size()});
    for (const std::int64_t size : input.shape) append(scratch_.keys, static_cast<std::uint64_t>(size));
    append(scratch_.keys, input.data);
    for (const std::string_view text : input.texts) append(scratch_.keys, text);
  }
}

bool WholeRequest::find(cache::Cache& cache, const cache::Key& key, std::int64_t row) {
  const cache::Bytes value = cache.find(key);
  if (!value) return false;
  take(row, value.bytes());
  return true;
}

std::span<const std::byte> WholeRequest::value(std::int64_t) const {
  scratch_.value.clear();
  append(scratch_.value, std::uint64_t{outputs_.size()});
  for (const Tensor& output : outputs_) {
    append(scratch_.value, static_cast<std::uint64_t>(output.type));
    append(scratch_.value, std::uint64_t{output.shape.size()});
    for (const std::int64_t size : output.shape) append(scratch_.value, static_cast<std::uint64_t>(size));
    append(scratch_.value, std::uint64_t{output.data.size()});
    append(scratch_.value, output.data);
    append(scratch_.value, std::uint64_t{output.texts.size()});
    for (const std::string& text : output.texts) append(scratch_.value, std::string_view(text));
  }
  return scratch_.value;
}

void WholeRequest::take(std::int64_t, std::span<const std::byte> value) {
  Packed packed(value);
  outputs_.resize(packed.number());
  for (Tensor& output : outputs_) {
    output.type = static_cast<DataType>(packed.number());
    output.shape.resize(packed.number());
    for (std::int64_t& size : output.shape) size = static_cast<std::int64_t>(packed.number());
    const std::span<const std::byte> data = packed.bytes(packed.number());
    output.data.assign(data.begin(), data.end());
    output.texts.resize(packed.number());
    for (std::string& text : output.texts) packed.text(text);
  }
}

}  // namespace scalar::inline v0::predictor
