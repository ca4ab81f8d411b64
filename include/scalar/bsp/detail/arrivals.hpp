#pragma once
/// Messages that have arrived from other processes. Internal to the room; see `Channel`.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "scalar/bsp/detail/block.hpp"
#include "scalar/bsp/detail/world.hpp"
#include "scalar/bsp/serialize.hpp"

namespace scalar::inline v0::bsp::detail {

[[noreturn]] void throw_bad_segment(const Segment& segment, std::size_t message_bytes);

/// The messages that have arrived for one peer in one parity, by source.
template <class T>
class Arrivals {
 public:
  /// Takes the messages of `superstep` in `segment`. Errors: `Errc::parse` for bytes that are not such messages.
  void take(std::uint64_t superstep, const Segment& segment) {
    if (superstep_ != superstep) runs_.clear(), used_ = 0, superstep_ = superstep;
    if constexpr (Plain<T>) {
      if (segment.bytes.size() / sizeof(T) != segment.count || segment.bytes.size() % sizeof(T) != 0 ||
          reinterpret_cast<std::uintptr_t>(segment.bytes.data()) % alignof(T) != 0)
        throw_bad_segment(segment, sizeof(T));
      runs_.push_back({segment.source, {reinterpret_cast<T*>(segment.bytes.data()), segment.count}});
    } else {
      if (used_ == objects_.size()) objects_.emplace_back();
      std::vector<T>& objects = objects_[used_++];
      read_objects(segment, objects);
      runs_.push_back({segment.source, objects});
    }
  }
  /// The messages of `superstep`.
  std::span<const Run<T>> runs(std::uint64_t superstep) const noexcept {
    return superstep_ == superstep ? std::span<const Run<T>>(runs_) : std::span<const Run<T>>();
  }
  void clear() noexcept { runs_.clear(); }

 private:
  static void read_objects(const Segment& segment, std::vector<T>& objects) {
    objects.clear();
    if constexpr (std::default_initializable<T>) {
      std::span<const std::byte> left = segment.bytes;
      for (std::uint64_t i = 0; i < segment.count; ++i) {  // not resized first: the count may be wrong
        T object{};
        Serializer<T>::read(left, object);
        objects.push_back(std::move(object));
      }
      if (!left.empty()) throw_bad_segment(segment, 0);
    } else {
      throw_not_serializable(typeid(T));
    }
  }

  std::vector<Run<T>> runs_;
  std::uint64_t superstep_ = 0;
  std::vector<std::vector<T>> objects_;  // deserialized; the first `used_` are in use
  std::size_t used_ = 0;
};

}  // namespace scalar::inline v0::bsp::detail
