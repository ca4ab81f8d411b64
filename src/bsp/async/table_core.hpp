#pragma once
/// TableCore: a process's replica of a table.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "bsp/async/push.hpp"
#include "scalar/bsp/async/parameter_table.hpp"

namespace scalar::inline v0::bsp::detail {

/// The table as it was after update `number`.
struct TableVersion {
  std::vector<std::byte> values;
  std::uint64_t number = 0;
  int readers = 0;
};

/// Versions of a table and the updates between them.
///
/// A new version is made from one that no peer reads any more, by adding the updates that it lacks. So its cost is that
/// of what was pushed, and not that of the whole table. Guarded by its clock's lock.
class TableCore {
 public:
  TableCore(const TableSpec& spec, std::span<const std::byte> initial, int peers, PushPool& pool);

  const TableSpec& spec() const noexcept { return spec_; }
  /// Appends update `number`, the sum of these pushes, which are by ascending rank. Errors: `Errc::shape_mismatch`,
  /// `Errc::parse` for two pushes of one rank.
  void append(std::uint64_t number, std::span<const Push> pushes);
  /// The initial values. Counts one more reader.
  TableVersion& begin(std::span<const std::byte> initial);
  /// The version after update `number`. Counts one more reader. All updates up to `number` have been appended, and from
  /// now on no peer asks for a version before `oldest`, which is at most `number`.
  TableVersion& acquire(std::uint64_t number, std::uint64_t oldest);

 private:
  struct Update {
    std::uint64_t number = 0;
    Push sum;
  };
  /// What one rank adds to a range of elements.
  struct Part {
    int rank = 0;
    const std::byte* values = nullptr;
  };

  void check(const Push& push) const;
  Push sum(std::span<const Push> pushes);
  void sum_dense(std::span<const Push> pushes, std::byte* out);
  void sum_rows(std::span<const Push> pushes, PushData& out);
  const std::byte* fold(std::span<const Part> parts, int first, int count, std::size_t elements, std::size_t depth);
  TableVersion* newest_until(std::uint64_t number) noexcept;
  void bring_forward(TableVersion& version, std::uint64_t number);
  void forget_old(std::uint64_t kept);

  const TableSpec spec_;
  const int peers_;  // of the world
  PushPool& pool_;
  std::uint64_t forgotten_ = 0;
  std::deque<Update> updates_;  // the updates after `forgotten_`
  std::uint64_t update_bytes_ = 0;
  std::vector<std::unique_ptr<TableVersion>> versions_;
  std::vector<std::unique_ptr<std::byte[]>> scratch_;  // one per level of the tree
  std::size_t block_ = 0;                              // elements that are folded at once
};

}  // namespace scalar::inline v0::bsp::detail
