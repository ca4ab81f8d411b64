#include "backend/lightgbm/exchange.hpp"

#include <cstring>
#include <stdexcept>

#include "core/fail.hpp"

namespace scalar::inline v0::backend::lightgbm {
namespace {

thread_local Exchange* current = nullptr;  // the callbacks have no argument for it

}  // namespace

Exchange::Exchange(const Library& library, bsp::BlockingPeer& peer, bsp::Mailbox<std::byte>& box)
    : library_(library), peer_(peer), box_(box) {
  constexpr void (*reduce)(char*, std::int32_t, int, const std::int32_t*, const std::int32_t*, int, char*, std::int32_t,
                           const Add&) = &Exchange::reduce_scatter;
  constexpr void (*gather)(char*, std::int32_t, const std::int32_t*, const std::int32_t*, int, char*, std::int32_t) =
      &Exchange::all_gather;
  library.check(
      library.network_init(peer.size(), peer.rank(), reinterpret_cast<void*>(reduce), reinterpret_cast<void*>(gather)),
      "LGBM_NetworkInitWithFunctions");
  current = this;
}

Exchange::~Exchange() {
  current = nullptr;
  library_.network_free();
}

void Exchange::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

/// Keeps the error of a collective, and throws what LightGBM turns into an error of its own.
template <class Collective>
void Exchange::guard(const Collective& collective) {
  if (current == nullptr) throw std::logic_error("a collective outside of a BSP run");
  try {
    collective(*current);
  } catch (const std::exception& error) {
    current->error_ = std::current_exception();
    throw std::runtime_error(error.what());
  }
}

void Exchange::reduce_scatter(char* values, std::int32_t, int type_size, const std::int32_t* begin,
                              const std::int32_t* length, int, char* sums, std::int32_t, const Add& add) {
  guard([&](Exchange& self) { self.reduce_scatter(values, {begin, length}, type_size, sums, add); });
}

void Exchange::all_gather(char* values, std::int32_t, const std::int32_t* begin, const std::int32_t* length, int,
                          char* all, std::int32_t) {
  guard([&](Exchange& self) { self.all_gather(values, {begin, length}, all); });
}

template <class Values, class Receive>
void Exchange::exchange(const Values& values, const Receive& receive) {
  const int own = peer_.rank(), size = peer_.size();
  for (int rank = 0; rank < size; ++rank)
    if (rank != own) box_.send(rank, std::as_bytes(values(rank)));
  peer_.sync();
  for (int rank = 0; rank < size; ++rank) {
    if (rank == own) {
      receive(rank, values(rank));
      continue;
    }
    const std::span<const std::byte> got = box_.received(rank);
    receive(rank, std::span(reinterpret_cast<const char*>(got.data()), got.size()));
  }
}

void Exchange::reduce_scatter(const char* values, Blocks blocks, int type_size, char* sums, Add add) {
  const auto length = static_cast<std::size_t>(blocks.length[peer_.rank()]);
  const auto block = [&](int rank) {
    return std::span(values + blocks.begin[rank], static_cast<std::size_t>(blocks.length[rank]));
  };
  exchange(block, [&](int rank, std::span<const char> got) {
    if (got.size() != length)
      fail(Errc::internal, "lightgbm", "rank {} sent {} bytes to add, expected {}", rank, got.size(), length);
    std::vector<char>& copy = rank == 0 ? sum_ : term_;
    copy.assign(got.begin(), got.end());
    if (rank != 0) add(term_.data(), sum_.data(), type_size, static_cast<std::int32_t>(length));
  });
  std::memcpy(sums, sum_.data(), length);
}

void Exchange::all_gather(const char* values, Blocks blocks, char* all) {
  const std::span own(values, static_cast<std::size_t>(blocks.length[peer_.rank()]));
  exchange([&](int) { return own; },
           [&](int rank, std::span<const char> got) {
             if (got.size() != static_cast<std::size_t>(blocks.length[rank]))
               fail(Errc::internal, "lightgbm", "rank {} sent {} bytes, expected {}", rank, got.size(),
                    blocks.length[rank]);
             std::memmove(all + blocks.begin[rank], got.data(), got.size());
           });
}

}  // namespace scalar::inline v0::backend::lightgbm
