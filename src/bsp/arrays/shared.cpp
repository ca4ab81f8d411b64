#include "scalar/bsp/arrays/shared.hpp"

#include <array>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::string place(const Peer& peer) {
  return "bsp peer " + std::to_string(peer.rank()) + " superstep " + std::to_string(peer.superstep() - 1);
}

std::string where(const SharedAccess& access) {
  return access.site != nullptr ? *access.site : "line " + std::to_string(access.operation.line);
}

std::string text(const SharedAccess& access) {
  const SharedOperation& operation = access.operation;
  return std::string(operation.is_get != 0 ? "get" : "put") + " of elements " + std::to_string(operation.offset) +
         " to " + std::to_string(operation.offset + operation.count - 1) + " by peer " + std::to_string(access.source) +
         " (" + where(access) + ")";
}

std::uint64_t end_of(const SharedAccess& access) { return access.operation.offset + access.operation.count; }

/// Of the accesses seen so far, those of two different peers that reach farthest.
class Farthest {
 public:
  void add(const SharedAccess& access) {
    if (two_[0] == nullptr || end_of(access) > end_of(*two_[0])) {
      if (two_[0] == nullptr || two_[0]->source != access.source) two_[1] = two_[0];
      two_[0] = &access;
    } else if (access.source != two_[0]->source && (two_[1] == nullptr || end_of(access) > end_of(*two_[1]))) {
      two_[1] = &access;
    }
  }
  /// One of another peer that reaches into `access`, which begins no earlier; or null.
  const SharedAccess* reaching(const SharedAccess& access) const {
    for (const SharedAccess* candidate : two_)
      if (candidate != nullptr && candidate->source != access.source && end_of(*candidate) > access.operation.offset)
        return candidate;
    return nullptr;
  }

 private:
  std::array<const SharedAccess*, 2> two_{};
};

}  // namespace

std::string shared_site(const std::source_location& where) {
  const std::string_view file = where.file_name();
  const std::size_t slash = file.rfind('/');
  return std::string(slash == file.npos ? file : file.substr(slash + 1)) + ":" + std::to_string(where.line());
}

void check_shared_bounds(const Peer& target, const SharedAccess& access, std::size_t size) {
  const SharedOperation& operation = access.operation;
  if (operation.offset <= size && operation.count <= size - operation.offset) return;
  throw Error(Errc::out_of_range,
              "shared array: a " + std::string(operation.is_get != 0 ? "get" : "put") + " by peer " +
                  std::to_string(access.source) + " (" + where(access) + ") of " + std::to_string(operation.count) +
                  " elements from " + std::to_string(operation.offset) + " on, but there are " + std::to_string(size),
              place(target));
}

void check_shared_conflicts(const Peer& target, std::vector<SharedAccess>& accesses) {
  std::erase_if(accesses, [](const SharedAccess& access) { return access.operation.count == 0; });
  std::stable_sort(accesses.begin(), accesses.end(), [](const SharedAccess& a, const SharedAccess& b) {
    return a.operation.offset < b.operation.offset;
  });
  Farthest puts, gets;
  for (const SharedAccess& access : accesses) {
    const SharedAccess* other = puts.reaching(access);
    if (other == nullptr && access.operation.is_get == 0) other = gets.reaching(access);
    if (other != nullptr)
      throw Error(Errc::invalid_argument, "shared array: " + text(*other) + " overlaps " + text(access), place(target));
    (access.operation.is_get != 0 ? gets : puts).add(access);
  }
}

void throw_shared_garbage(const Peer& target, int source) {
  throw Error(Errc::parse, "shared array: what peer " + std::to_string(source) + " sent is not what it announced",
              place(target));
}

void throw_shared_barrier(const Peer& peer, std::uint64_t superstep) {
  throw Error(Errc::invalid_argument,
              "shared array: puts or gets of superstep " + std::to_string(superstep) +
                  " were overtaken by another barrier; end their superstep with the array's sync()",
              "bsp peer " + std::to_string(peer.rank()) + " superstep " + std::to_string(peer.superstep()));
}

}  // namespace scalar::inline v0::bsp::detail
