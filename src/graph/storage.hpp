#pragma once
/// The data of a Graph.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// An array that is not initialized unless `zero`, and that shrinks without a copy: the lists of a graph are larger
/// than everything else. `data()` is not null after construction with a size, even 0.
template <class T>
class Array {
 public:
  Array() = default;
  explicit Array(std::int64_t size, bool zero = false) : size_(size) {
    const std::size_t count = size < 1 ? 1 : static_cast<std::size_t>(size);
    if (count > SIZE_MAX / 2 / sizeof(T)) throw std::bad_alloc();
    data_ = static_cast<T*>(zero ? std::calloc(count, sizeof(T)) : std::malloc(count * sizeof(T)));
    if (data_ == nullptr) throw std::bad_alloc();
  }
  Array(Array&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Array& operator=(Array&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Array() { std::free(data_); }

  void shrink(std::int64_t size) noexcept {
    if (size >= size_) return;
    size_ = size;
    if (T* const less =
            static_cast<T*>(std::realloc(data_, (size < 1 ? 1 : static_cast<std::size_t>(size)) * sizeof(T))))
      data_ = less;
  }

  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  std::int64_t size() const noexcept { return size_; }
  T& operator[](std::int64_t i) noexcept { return data_[i]; }
  const T& operator[](std::int64_t i) const noexcept { return data_[i]; }
  std::size_t bytes() const noexcept { return static_cast<std::size_t>(size_) * sizeof(T); }

 private:
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

/// Lists of neighbors. `offsets` has one more element than the graph has vertices; `weights.data()` is null in a graph
/// without weights.
struct Lists {
  Array<std::int64_t> offsets;
  Array<Vertex> neighbors;
  Array<float> weights;

  bool weighted() const noexcept { return weights.data() != nullptr; }
  std::size_t bytes() const noexcept { return offsets.bytes() + neighbors.bytes() + weights.bytes(); }
};

/// Ids in ascending order: the id of vertex `v` is at index `v`.
struct IdTable {
  Ids kind = Ids::numbers;
  std::vector<std::uint64_t> numbers;
  std::string text;                 // all names, one after the other
  std::vector<std::uint64_t> ends;  // the end of each name in `text`

  std::string_view name(std::size_t i) const noexcept {
    const std::uint64_t begin = i == 0 ? 0 : ends[i - 1];
    return std::string_view(text).substr(begin, ends[i] - begin);
  }
};

struct Graph::Storage {
  Vertex vertices = 0;
  bool directed = false;
  std::int64_t edges = 0;
  std::shared_ptr<const Lists> out, in;  // the same object if undirected; `in` may be null if directed
  std::shared_ptr<const IdTable> ids;    // null: `Ids::dense`
};

}  // namespace scalar::inline v0::graph
