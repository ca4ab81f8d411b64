#pragma once
/// IDX files, the format of the MNIST family (Y. LeCun, "The MNIST database", section "File formats").
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "scalar/core/runtime.hpp"
#include "scalar/core/tensor.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/data/uri.hpp"

namespace scalar::inline v0::data {

/// A dense array, row-major, in this machine's byte order.
struct IdxTensor {
  std::vector<std::int64_t> shape{};
  DataType type = DataType::uint8;  ///< uint8, int8, int16, int32, float32 or float64
  std::vector<std::byte> bytes{};

  /// The product of the shape.
  std::int64_t count() const noexcept;
  /// Element `i` as a number.
  double number(std::int64_t i) const noexcept;
};

/// Reads an IDX file, decompressing it if it is gzip.
///
/// Memory is allocated as bytes arrive, never because of what a header claims. Errors, with the uri: `Errc::parse` for
/// an invalid header, or for data that is too short or too long; `Errc::too_large` for a shape beyond 64 bits; errors
/// of the store; `Errc::corrupt` for damaged gzip.
IdxTensor read_idx(const Uri& uri, const Runtime& runtime = {});
/// As `read_idx`, but from memory; errors carry "idx".
IdxTensor parse_idx(std::string_view bytes);

struct ReadIdxOptions {
  float scale = 1.0f;  ///< every feature value is multiplied by it
};

/// Images `[rows, ...]` with their labels `[rows]`: a Dataset `[rows, pixels]` with the classes "0" to the largest
/// label. Errors: as `read_idx`; `Errc::shape_mismatch` when the number of labels is not the number of images;
/// `Errc::type_mismatch` for labels that are not integers; `Errc::out_of_range` for a label that is negative or above
/// 65,535.
Dataset read_idx_dataset(const Uri& images, const Uri& labels, const ReadIdxOptions& options = {},
                         const Runtime& runtime = {});

}  // namespace scalar::inline v0::data
