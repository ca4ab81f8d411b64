#pragma once
/// A process's replica of a table.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "bsp/push.hpp"
#include "scalar/bsp/table.hpp"

namespace scalar::inline v0::bsp::detail {

/// The table as it was after some update.
struct TableVersion {
  std::vector<std::byte> values;
  std::uint64_t number = 0;
  int readers = 0;
};

/// Versions of a table and the updates between them.
///
/// A version that nobody reads any more is brought forward by the updates that it lacks, so a new version costs what
/// was pushed rather than the whole table. Guarded by its clock's lock.
class TableCore {
 public:
  TableCore(const TableSpec& spec, std::span<const std::byte> initial, int peers, PushPool& pool);

  const TableSpec& spec() const noexcept { return spec_; }
  /// Update `number` is the sum of these pushes, by ascending rank. Errors: `Errc::shape_mismatch`.
  void append(std::uint64_t number, std::span<const Push> pushes);
  /// All updates up to this one have been appended.
  void complete(std::uint64_t number) noexcept { number_ = number; }
  /// The newest version, with one reader more.
  TableVersion& acquire();

 private:
  struct Update {
    std::uint64_t number = 0;
    Push sum;
  };
  /// What a rank adds to some elements.
  struct Part {
    int rank = 0;
    const std::byte* values = nullptr;
  };

  void check(const Push& push) const;
  Push sum(std::span<const Push> pushes);
  void sum_dense(std::span<const Push> pushes, std::byte* out);
  void sum_rows(std::span<const Push> pushes, PushData& out);
  const std::byte* fold(std::span<const Part> parts, int first, int count, std::size_t elements, std::size_t depth);
  void replay(TableVersion& version);
  void forget_old();

  const TableSpec spec_;
  const int peers_;  // of the world
  PushPool& pool_;
  std::uint64_t number_ = 0, forgotten_ = 0;
  std::deque<Update> updates_;  // those after `forgotten_`
  std::uint64_t update_bytes_ = 0;
  std::vector<std::unique_ptr<TableVersion>> versions_;
  std::vector<std::unique_ptr<std::byte[]>> scratch_;  // one a level of the tree
  std::size_t block_ = 0;                              // elements that are folded at once
};

}  // namespace scalar::inline v0::bsp::detail
