#pragma once
/// Exchange: LightGBM's collectives, by messages and barriers of a BSP peer.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <vector>

#include "backend/lightgbm/library.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/runs/offload.hpp"

namespace scalar::inline v0::backend::lightgbm {

/// While it exists, LightGBM's network on this thread is the peers of a BSP run; LightGBM keeps its network by thread.
///
/// A collective takes one superstep: every peer sends every other one what it needs, and sums are added in rank order,
/// so they have the same bits in every run. When a collective fails, such as with `Aborted`, LightGBM's function
/// returns an error; `rethrow` then has the original one.
class Exchange {
 public:
  /// `box` is the peer's own. Used only on the thread of `peer`'s offloaded code.
  Exchange(const Library& library, bsp::BlockingPeer& peer, bsp::Mailbox<std::byte>& box);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  /// Throws what ended a collective, if anything did.
  void rethrow() const;

  /// LightGBM's functions that add `bytes` bytes of elements of `type_size` bytes to `sums`.
  using Add = void (*)(const char* values, char* sums, int type_size, std::int32_t bytes);

 private:
  /// A part of the buffer of each rank.
  struct Blocks {
    const std::int32_t* begin;
    const std::int32_t* length;
  };

  static void reduce_scatter(char* values, std::int32_t size, int type_size, const std::int32_t* begin,
                             const std::int32_t* length, int blocks, char* sums, std::int32_t sums_size,
                             const Add& add);
  static void all_gather(char* values, std::int32_t size, const std::int32_t* begin, const std::int32_t* length,
                         int blocks, char* all, std::int32_t all_size);
  template <class Collective>
  static void guard(const Collective& collective);
  void reduce_scatter(const char* values, Blocks blocks, int type_size, char* sums, Add add);
  void all_gather(const char* values, Blocks blocks, char* all);
  /// Sends `values(rank)` to every other peer, waits for all, and calls `receive(rank, bytes)` for each in rank order,
  /// this peer included.
  template <class Values, class Receive>
  void exchange(const Values& values, const Receive& receive);

  const Library& library_;
  bsp::BlockingPeer& peer_;
  bsp::Mailbox<std::byte>& box_;
  std::vector<char> term_, sum_;  // aligned copies
  std::exception_ptr error_{};
};

}  // namespace scalar::inline v0::backend::lightgbm
