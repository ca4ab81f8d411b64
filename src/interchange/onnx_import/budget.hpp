#pragma once
/// Budget: a bound on the memory that a file may cost.
#include <cstddef>

#include "interchange/onnx_import/errors.hpp"

namespace scalar::inline v0::interchange::onnx {

/// Counts the bytes that are made of a file, so that a short file cannot claim many.
class Budget {
 public:
  explicit Budget(std::size_t file_bytes) : left_((std::size_t{16} << 20) + 64 * file_bytes) {}

  /// To be called before `count` elements are made for `node`. Errors: `Errc::unsupported`.
  template <class T>
  void take(const Node& node, std::size_t count) {
    if (count > left_ / sizeof(T))
      refuse(node, "would take {} elements of {} bytes, more memory than a file of this size may claim", count,
             sizeof(T));
    left_ -= count * sizeof(T);
  }

 private:
  std::size_t left_;
};

}  // namespace scalar::inline v0::interchange::onnx
