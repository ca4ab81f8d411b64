#pragma once
/// Push: what a peer adds to a table between two ticks.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace scalar::inline v0::bsp::detail {

/// The head of a push in a frame; the row numbers and the values follow, each padded to 8 bytes.
struct PushHead {
  std::uint64_t clock = 0;  ///< the tick that ends the push, from 1
  std::int32_t rank = 0;
  std::uint32_t table = 0;
  std::uint64_t type = 0;   ///< of the elements
  std::uint64_t width = 0;  ///< of a row, in elements
  std::uint64_t rows = 0;   ///< number of row numbers
  std::uint64_t value_bytes = 0;
  std::uint64_t is_dense = 0;  ///< 1: the values are those of all rows, and there are no row numbers
};

/// A push, with its data in memory that `owner` keeps alive.
struct Push {
  PushHead head;
  std::span<const std::uint64_t> rows;  ///< row numbers, ascending
  const std::byte* values = nullptr;
  std::shared_ptr<const void> owner;
};

/// The data of a push.
struct PushData {
  std::vector<std::uint64_t> rows;
  std::vector<std::byte> values;
};

/// Recycles the memory of pushes.
class PushPool : public std::enable_shared_from_this<PushPool> {
 public:
  std::shared_ptr<PushData> take() {
    std::unique_ptr<PushData> data;
    {
      const std::lock_guard lock(mutex_);
      if (!spare_.empty()) data = std::move(spare_.back()), spare_.pop_back();
    }
    if (data == nullptr) data = std::make_unique<PushData>();
    return {data.release(), [pool = weak_from_this()](PushData* raw) { give_back(pool, raw); }};
  }

 private:
  static void give_back(const std::weak_ptr<PushPool>& weak, PushData* raw) noexcept {
    std::unique_ptr<PushData> data(raw);
    const std::shared_ptr<PushPool> pool = weak.lock();
    if (pool == nullptr) return;
    data->rows.clear();
    const std::lock_guard lock(pool->mutex_);
    if (pool->spare_.size() < most) pool->spare_.push_back(std::move(data));
  }
  static constexpr std::size_t most = 16;
  PushPool() { spare_.reserve(most); }

 public:
  static std::shared_ptr<PushPool> make() { return std::shared_ptr<PushPool>(new PushPool); }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<PushData>> spare_;
};

}  // namespace scalar::inline v0::bsp::detail
