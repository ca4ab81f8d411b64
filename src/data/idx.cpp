#include "scalar/data/idx.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/fail.hpp"
#include "data/stream.hpp"

namespace scalar::inline v0::data {
namespace {

static_assert(std::endian::native == std::endian::little, "IDX is big-endian; elements are turned around");

constexpr std::size_t first_bytes = std::size_t{1} << 20;

class Reader {
 public:
  Reader(ReadBytes source, std::string context) : source_(std::move(source)), context_(std::move(context)) {}

  IdxTensor read() {
    IdxTensor tensor;
    std::byte head[4]{};
    fill(head, "its first four bytes");
    const auto at = [&](int i) { return std::to_integer<unsigned>(head[i]); };
    if (at(0) != 0 || at(1) != 0) fail(Errc::parse, "does not begin with two zero bytes, as IDX does");
    tensor.type = type_of(at(2));
    if (at(3) == 0) fail(Errc::parse, "has no dimensions");
    std::uint64_t total = size_bytes(tensor.type);
    for (unsigned i = 0; i < at(3); ++i) {
      std::byte size[4]{};
      fill(size, fmt::format("dimension {}", i));
      std::uint32_t length = 0;
      for (const std::byte byte : size) length = length << 8 | std::to_integer<std::uint32_t>(byte);
      tensor.shape.push_back(length);
      if (__builtin_mul_overflow(total, length, &total) || total > static_cast<std::uint64_t>(INT64_MAX))
        fail(Errc::too_large, "has a shape beyond 64 bits at dimension {}", i);
    }
    read_body(tensor.bytes, total);
    to_native(tensor);
    return tensor;
  }

 private:
  template <class... Arguments>
  [[noreturn]] void fail(Errc code, fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    scalar::fail(code, context_, format, std::forward<Arguments>(arguments)...);
  }

  DataType type_of(unsigned code) const {
    switch (code) {
      case 0x08:
        return DataType::uint8;
      case 0x09:
        return DataType::int8;
      case 0x0b:
        return DataType::int16;
      case 0x0c:
        return DataType::int32;
      case 0x0d:
        return DataType::float32;
      case 0x0e:
        return DataType::float64;
      default:
        fail(Errc::parse, "has element type {}, expected 8, 9, 11, 12, 13 or 14", code);
    }
  }

  /// Fills `out`, or a part of it if the input ends; returns how much.
  std::size_t fill_some(std::span<std::byte> out) {
    std::size_t done = 0;
    while (done < out.size()) {
      const std::size_t got = source_(out.subspan(done));
      if (got == 0) break;
      done += got;
    }
    return done;
  }
  void fill(std::span<std::byte> out, std::string_view what) {
    if (fill_some(out) != out.size()) fail(Errc::parse, "ends within {}", what);
  }

  void read_body(std::vector<std::byte>& bytes, std::uint64_t total) {
    while (bytes.size() < total) {
      const std::size_t have = bytes.size();
      bytes.resize(static_cast<std::size_t>((std::min<std::uint64_t>)(total, (std::max)(2 * have, first_bytes))));
      const std::size_t got = fill_some(std::span(bytes).subspan(have));
      if (have + got == bytes.size()) continue;
      fail(Errc::parse, "ends after {} bytes of data, its shape needs {}", have + got, total);
    }
    std::byte more{};
    if (fill_some({&more, 1}) != 0) fail(Errc::parse, "goes on after the {} bytes of data that its shape needs", total);
  }

  static void to_native(IdxTensor& tensor) {
    const std::size_t size = size_bytes(tensor.type);
    if (size == 1) return;
    for (std::size_t i = 0; i < tensor.bytes.size(); i += size)
      std::reverse(tensor.bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   tensor.bytes.begin() + static_cast<std::ptrdiff_t>(i + size));
  }

  ReadBytes source_;
  std::string context_;
};

template <class T>
double element(const std::vector<std::byte>& bytes, std::int64_t i) {
  T value{};
  std::memcpy(&value, bytes.data() + static_cast<std::size_t>(i) * sizeof value, sizeof value);
  return static_cast<double>(value);
}

}  // namespace

std::int64_t IdxTensor::count() const noexcept {
  return static_cast<std::int64_t>(bytes.size() / (std::max)(std::size_t{1}, size_bytes(type)));
}

double IdxTensor::number(std::int64_t i) const noexcept {
  switch (type) {
    case DataType::int8:
      return element<std::int8_t>(bytes, i);
    case DataType::int16:
      return element<std::int16_t>(bytes, i);
    case DataType::int32:
      return element<std::int32_t>(bytes, i);
    case DataType::float32:
      return element<float>(bytes, i);
    case DataType::float64:
      return element<double>(bytes, i);
    default:
      return element<std::uint8_t>(bytes, i);
  }
}

IdxTensor read_idx(const Uri& uri, const Runtime& runtime) {
  return Reader(open_stream(uri, runtime), uri.string()).read();
}
IdxTensor parse_idx(std::string_view bytes) { return Reader(memory_stream(bytes, "idx"), "idx").read(); }

namespace {

constexpr double max_label = 65535;

/// Sets the targets and the names of the classes.
void set_labels(const IdxTensor& labels, const std::string& context, DatasetParts& parts) {
  if (labels.type == DataType::float32 || labels.type == DataType::float64)
    fail(Errc::type_mismatch, context, "expected labels that are integers, got {}", name(labels.type));
  double largest = -1;
  for (std::int64_t i = 0; i < labels.count(); ++i) {
    const double label = labels.number(i);
    if (label < 0 || label > max_label)
      fail(Errc::out_of_range, context, "label {} is {}, expected 0 to 65535", i, static_cast<std::int64_t>(label));
    parts.targets.push_back(label);
    largest = (std::max)(largest, label);
  }
  for (int i = 0; i <= static_cast<int>(largest); ++i) parts.classes.push_back(std::to_string(i));
}

}  // namespace

Dataset read_idx_dataset(const Uri& images, const Uri& labels, const ReadIdxOptions& options, const Runtime& runtime) {
  const IdxTensor pixels = read_idx(images, runtime), classes = read_idx(labels, runtime);
  const std::int64_t rows = pixels.shape[0];
  if (classes.shape.size() != 1 || classes.shape[0] != rows)
    fail(Errc::shape_mismatch, labels.string(),
         "has {} labels in {} dimensions, expected one for each of the {} images in one dimension", classes.shape[0],
         classes.shape.size(), rows);
  if (pixels.count() == 0) fail(Errc::empty, images.string(), "holds no images");
  DatasetParts parts;
  parts.columns = pixels.count() / rows;
  set_labels(classes, labels.string(), parts);
  parts.features.resize(static_cast<std::size_t>(pixels.count()));
  if (pixels.type == DataType::uint8) {
    for (std::size_t i = 0; i < parts.features.size(); ++i)
      parts.features[i] = static_cast<float>(std::to_integer<std::uint8_t>(pixels.bytes[i])) * options.scale;
  } else {
    for (std::size_t i = 0; i < parts.features.size(); ++i)
      parts.features[i] = static_cast<float>(pixels.number(static_cast<std::int64_t>(i))) * options.scale;
  }
  return Dataset(std::move(parts));
}

}  // namespace scalar::inline v0::data
