#include "backend/onnxruntime/tensors.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "backend/onnxruntime/session.hpp"
#include "core/fail.hpp"
#include "core/quoted.hpp"

namespace scalar::inline v0::backend::onnxruntime {
namespace {

Owned<Value> copied_texts(const Library& library, const TensorView& tensor, std::string_view place) {
  const Api& api = library.api();
  Owned<Value> value(api.release_value);
  library.check(api.create_tensor(library.allocator(), tensor.shape.data(), tensor.shape.size(),
                                  onnx_type_of(DataType::bytes), value.out()),
                place);
  std::vector<std::string> texts(tensor.texts.begin(), tensor.texts.end());
  std::vector<const char*> ends;  // where the C API looks for each text, up to its NUL
  for (const std::string& text : texts) {
    if (text.find('\0') != std::string::npos)
      fail(Errc::invalid_argument, place, "element {} is {}, expected text without NUL bytes", ends.size(),
           quoted(text));
    ends.push_back(text.c_str());
  }
  library.check(api.fill_strings(value.get(), ends.data(), ends.size()), place);
  return value;
}

void copy_texts(const Library& library, const Value* from, std::string_view place, std::size_t count, Tensor& to) {
  std::size_t bytes = 0;
  library.check(library.api().strings_size(from, &bytes), place);
  std::string all(bytes, '\0');
  std::vector<std::size_t> begin(count);
  library.check(library.api().read_strings(from, all.data(), bytes, begin.data(), count), place);
  begin.push_back(bytes);
  to.texts.resize(count);
  for (std::size_t i = 0; i < count; ++i) to.texts[i].assign(all, begin[i], begin[i + 1] - begin[i]);
}

}  // namespace

Owned<Value> wrap(const Library& library, const TensorView& tensor, std::string_view place) {
  if (tensor.type == DataType::bytes) return copied_texts(library, tensor, place);
  Owned<Value> value(library.api().release_value);
  static std::byte nothing{};  // no elements still need an address
  void* const data = tensor.data.empty() ? &nothing : const_cast<std::byte*>(tensor.data.data());
  library.check(library.api().wrap_tensor(library.memory(), data, tensor.data.size(), tensor.shape.data(),
                                          tensor.shape.size(), onnx_type_of(tensor.type), value.out()),
                place);
  return value;
}

void copy(const Library& library, Value* from, std::string_view place, Tensor& to) {
  const Api& api = library.api();
  Owned<TensorTypeInfo> info(api.release_tensor_info);
  library.check(api.tensor_info(from, info.out()), place);
  int number = 0;
  library.check(api.element_type(info.get(), &number), place);
  const std::optional<DataType> type = data_type_of(number);
  if (!type) fail(Errc::unsupported, place, "the elements are of ONNX's type {}", number);
  to.type = *type;
  std::size_t rank = 0;
  library.check(api.rank(info.get(), &rank), place);
  to.shape.resize(rank);
  library.check(api.dimensions(info.get(), to.shape.data(), rank), place);
  const auto count = static_cast<std::size_t>(to.elements());
  if (to.type == DataType::bytes) {
    to.data.clear();
    return copy_texts(library, from, place, count, to);
  }
  to.texts.clear();
  void* data = nullptr;
  library.check(api.tensor_data(from, &data), place);
  to.data.resize(count * size_bytes(to.type));
  if (count > 0) std::memcpy(to.data.data(), data, to.data.size());
}

void copy_maps(const Library& library, Value* from, std::string_view place, Tensor& to) {
  const Api& api = library.api();
  std::size_t rows = 0;
  library.check(api.element_count(from, &rows), place);
  std::vector<std::byte> numbers;
  std::int64_t columns = 0;
  Tensor row;
  for (std::size_t i = 0; i < rows; ++i) {
    Owned<Value> map(api.release_value), values(api.release_value);
    library.check(api.element(from, static_cast<int>(i), library.allocator(), map.out()), place);
    library.check(api.element(map.get(), 1, library.allocator(), values.out()), place);
    copy(library, values.get(), place, row);
    if (i == 0) columns = row.elements();
    if (row.elements() != columns)
      fail(Errc::failed, place, "row {} has {} classes, row 0 has {}", i, row.elements(), columns);
    numbers.insert(numbers.end(), row.data.begin(), row.data.end());
  }
  if (rows > 0) to.type = row.type;
  to.shape = {static_cast<std::int64_t>(rows), columns};
  to.texts.clear();
  to.data = std::move(numbers);
}

}  // namespace scalar::inline v0::backend::onnxruntime
