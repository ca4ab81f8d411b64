#pragma once
/// sorted(mailbox): the messages that a peer has received, in an order of your own, even if they exceed memory.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "scalar/bsp/mailbox.hpp"

namespace scalar::inline v0::bsp {

/// Messages in ascending order: an input range of `T&`, made by `sorted`.
template <class T, class Less>
class Sorted {
 public:
  class Iterator {
   public:
    using value_type = T;
    using reference = T&;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator(const std::vector<std::span<T>>& parts, const Less& less) : less_(&less) {
      heap_.reserve(parts.size());
      for (const std::span<T> part : parts) heap_.push_back({part.data(), part.data() + part.size(), heap_.size()});
      for (std::size_t at = heap_.size() / 2; at-- > 0;) sink(at);
    }
    T& operator*() const noexcept { return *heap_.front().next; }
    T* operator->() const noexcept { return heap_.front().next; }
    Iterator& operator++() {
      Part& first = heap_.front();
      if (++first.next == first.end) {
        first = heap_.back();
        heap_.pop_back();
      }
      sink(0);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) noexcept { return a.heap_.empty(); }

   private:
    struct Part {
      T* next;
      T* end;
      std::size_t index;  // equal messages come in the order of their parts
    };
    bool is_before(const Part& a, const Part& b) const {
      if (std::invoke(*less_, *a.next, *b.next)) return true;
      return a.index < b.index && !std::invoke(*less_, *b.next, *a.next);
    }
    void sink(std::size_t at) {
      for (std::size_t child = 2 * at + 1; child < heap_.size(); at = child, child = 2 * at + 1) {
        if (child + 1 < heap_.size() && is_before(heap_[child + 1], heap_[child])) ++child;
        if (!is_before(heap_[child], heap_[at])) return;
        std::swap(heap_[child], heap_[at]);
      }
    }
    std::vector<Part> heap_;  // the part whose next message is least is at the front
    const Less* less_;
  };

  Sorted(std::span<const Run<T>> runs, std::size_t part_bytes, Less less) : less_(std::move(less)) {
    const std::size_t most = (std::max)(part_bytes / sizeof(T), std::size_t{1});
    for (const Run<T>& run : runs)
      for (std::span<T> rest = run.values; !rest.empty();) {
        const std::span<T> part = rest.first((std::min)(most, rest.size()));
        rest = rest.subspan(part.size());
        std::stable_sort(part.begin(), part.end(), std::ref(less_));
        parts_.push_back(part);
      }
  }

  /// Begins at the least message. The range must not move while its iterators are used.
  Iterator begin() const { return Iterator(parts_, less_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  std::vector<std::span<T>> parts_;
  Less less_;
};

/// The messages that `mailbox` received in the last superstep, in ascending order; equal messages are ordered by source
/// rank, then in the order sent.
///
/// An external merge sort (Knuth, "The Art of Computer Programming", volume 3, section 5.4): parts of `part_bytes` are
/// sorted in place (spilled messages in their files) and merged while they are read. So `received()` has another order
/// afterwards. Messages may be changed or moved from as they are read.
/// Complexity: n log n comparisons. Memory: half of `part_bytes`, and 40 bytes per part. `part_bytes` should not be a
/// power of two, or the fronts of the parts share a few sets of the caches.
template <class T, class Less = std::less<>>
Sorted<T, Less> sorted(const Mailbox<T>& mailbox, Less less = {}, std::size_t part_bytes = 4'000'000) {
  return Sorted<T, Less>(mailbox.runs(), part_bytes, std::move(less));
}

}  // namespace scalar::inline v0::bsp
