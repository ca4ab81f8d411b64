#include "scalar/bsp/arrays/shared.hpp"

#include <fmt/core.h>

#include <array>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::string place(const Peer& peer) {
  return fmt::format("bsp peer {} superstep {}", peer.rank(), peer.superstep() - 1);
}

std::string where(const SharedAccess& access) {
  return access.site != nullptr ? *access.site : fmt::format("line {}", access.operation.line);
}

std::string_view verb(const SharedOperation& operation) { return operation.is_get != 0 ? "get" : "put"; }

std::string text(const SharedAccess& access) {
  const SharedOperation& operation = access.operation;
  return fmt::format("{} of elements {} to {} by peer {} ({})", verb(operation), operation.offset,
                     operation.offset + operation.count - 1, access.source, where(access));
}

std::uint64_t end_of(const SharedAccess& access) { return access.operation.offset + access.operation.count; }

/// The two accesses seen so far, by two different peers, that reach farthest.
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
  /// A seen access of another peer that reaches into `access`, which begins no earlier; null when there is none.
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
  return fmt::format("{}:{}", slash == file.npos ? file : file.substr(slash + 1), where.line());
}

void check_shared_bounds(const Peer& target, const SharedAccess& access, std::size_t size) {
  const SharedOperation& operation = access.operation;
  if (operation.offset <= size && operation.count <= size - operation.offset) return;
  fail(Errc::out_of_range, place(target),
       "shared array: a {} by peer {} ({}) of {} elements from {} on, but there are {}", verb(operation), access.source,
       where(access), operation.count, operation.offset, size);
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
      fail(Errc::invalid_argument, place(target), "shared array: {} overlaps {}", text(*other), text(access));
    (access.operation.is_get != 0 ? gets : puts).add(access);
  }
}

void throw_shared_garbage(const Peer& target, int source) {
  fail(Errc::parse, place(target), "shared array: what peer {} sent is not what it announced", source);
}

void throw_shared_barrier(const Peer& peer, std::uint64_t superstep) {
  fail(Errc::invalid_argument, fmt::format("bsp peer {} superstep {}", peer.rank(), peer.superstep()),
       "shared array: puts or gets of superstep {} were overtaken by another barrier; end their superstep with the "
       "array's sync()",
       superstep);
}

}  // namespace scalar::inline v0::bsp::detail
