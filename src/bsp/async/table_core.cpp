#include "bsp/async/table_core.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

TableCore::TableCore(const TableSpec& spec, std::span<const std::byte> initial, int peers, PushPool& pool)
    : spec_(spec), peers_(peers), pool_(pool), block_(std::max<std::size_t>(1, 4096 / spec.element_bytes)) {
  auto first = std::make_unique<TableVersion>();
  first->values.assign(initial.begin(), initial.end());
  first->values.resize(spec.bytes());
  versions_.push_back(std::move(first));
}

void TableCore::check(const Push& push) const {
  const PushHead& head = push.head;
  const auto refuse = [&](const std::string& what) {
    fail(Errc::shape_mismatch, fmt::format("bsp::ParameterTable {}", head.table),
         "peer {} has pushed {} to a table of {} x {}", head.rank, what, spec_.rows, spec_.width);
  };
  if (head.type != spec_.type) refuse("elements of another type");
  if (head.width != spec_.width) refuse(fmt::format("rows of {} elements", head.width));
  for (std::size_t i = 0; i < push.rows.size(); ++i)
    if (push.rows[i] >= spec_.rows || (i > 0 && push.rows[i] <= push.rows[i - 1]))
      refuse(fmt::format("row {}", push.rows[i]));
  if (head.value_bytes != (head.is_dense != 0 ? spec_.bytes() : push.rows.size() * spec_.row_bytes()))
    refuse(fmt::format("{} bytes", head.value_bytes));
}

void TableCore::append(std::uint64_t number, std::span<const Push> pushes) {
  for (const Push& push : pushes) check(push);
  const auto same = [](const Push& one, const Push& next) { return one.head.rank == next.head.rank; };
  if (const auto twice = std::adjacent_find(pushes.begin(), pushes.end(), same); twice != pushes.end())
    fail(Errc::parse, fmt::format("bsp::ParameterTable {}", twice->head.table), "peer {} has pushed twice in tick {}",
         twice->head.rank, number);
  updates_.push_back({number, pushes.size() == 1 ? pushes.front() : sum(pushes)});
  update_bytes_ += updates_.back().sum.head.value_bytes;
}

Push TableCore::sum(std::span<const Push> pushes) {
  const std::shared_ptr<PushData> data = pool_.take();
  const auto is_dense = [](const Push& push) { return push.head.is_dense != 0; };
  Push total{pushes.front().head, {}, nullptr, nullptr};
  if (std::all_of(pushes.begin(), pushes.end(), is_dense)) {
    data->values.resize(spec_.bytes());
    sum_dense(pushes, data->values.data());
  } else {
    sum_rows(pushes, *data);
    total.rows = data->rows;
  }
  total.head.is_dense = total.rows.empty();
  total.head.value_bytes = data->values.size();
  total.values = data->values.data();
  total.owner = data;
  return total;
}

void TableCore::sum_dense(std::span<const Push> pushes, std::byte* out) {
  std::vector<Part> parts(pushes.size());
  const std::uint64_t elements = spec_.rows * spec_.width;
  for (std::uint64_t begin = 0; begin < elements; begin += block_) {
    const std::uint64_t count = std::min<std::uint64_t>(block_, elements - begin), at = begin * spec_.element_bytes;
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = {pushes[i].head.rank, pushes[i].values + at};
    std::memcpy(out + at, fold(parts, 0, peers_, count, 0), count * spec_.element_bytes);
  }
}

/// Merges the rows of all pushes, which are ascending in each. When the sum has all rows, `out.rows` is left empty.
void TableCore::sum_rows(std::span<const Push> pushes, PushData& out) {
  out.rows.clear(), out.values.clear();
  std::vector<std::size_t> at(pushes.size());
  std::vector<Part> parts, blocks;
  for (;;) {
    std::uint64_t row = spec_.rows;
    for (std::size_t i = 0; i < pushes.size(); ++i) {
      const bool is_dense = pushes[i].head.is_dense != 0;
      if (at[i] < (is_dense ? spec_.rows : pushes[i].rows.size()))
        row = std::min<std::uint64_t>(row, is_dense ? at[i] : pushes[i].rows[at[i]]);
    }
    if (row == spec_.rows) break;
    parts.clear();
    for (std::size_t i = 0; i < pushes.size(); ++i) {
      const Push& push = pushes[i];
      if (push.head.is_dense == 0 && (at[i] == push.rows.size() || push.rows[at[i]] != row)) continue;
      parts.push_back({push.head.rank, push.values + at[i]++ * spec_.row_bytes()});
    }
    out.rows.push_back(row);
    for (std::uint64_t begin = 0; begin < spec_.width; begin += block_) {
      const std::uint64_t count = std::min<std::uint64_t>(block_, spec_.width - begin);
      blocks.assign(parts.begin(), parts.end());
      for (Part& part : blocks) part.values += begin * spec_.element_bytes;
      const std::byte* folded = fold(blocks, 0, peers_, count, 0);
      out.values.insert(out.values.end(), folded, folded + count * spec_.element_bytes);
    }
  }
  if (out.rows.size() == spec_.rows) out.rows.clear();
}

/// Folds `parts` over the tree of `TreeNode`, without the ranks that have pushed nothing. The result is valid until the
/// next fold at this depth.
const std::byte* TableCore::fold(std::span<const Part> parts, int first, int count, std::size_t elements,
                                 std::size_t depth) {
  if (parts.size() == 1) return parts.front().values;
  const int split = static_cast<int>(std::bit_floor(static_cast<unsigned>(count - 1)));
  const auto middle =
      std::partition_point(parts.begin(), parts.end(), [&](const Part& part) { return part.rank < first + split; });
  const std::span<const Part> left(parts.begin(), middle), right(middle, parts.end());
  if (right.empty()) return fold(left, first, split, elements, depth);
  if (left.empty()) return fold(right, first + split, count - split, elements, depth);
  while (scratch_.size() <= depth) scratch_.push_back(std::make_unique<std::byte[]>(block_ * spec_.element_bytes));
  const std::byte* const left_sum = fold(left, first, split, elements, depth);
  const std::byte* const right_sum = fold(right, first + split, count - split, elements, depth + 1);
  std::byte* const out = scratch_[depth].get();
  spec_.add(out, left_sum, right_sum, elements);
  return out;
}

TableVersion& TableCore::begin(std::span<const std::byte> initial) {
  TableVersion* first = newest_until(0);
  if (first == nullptr) {
    first = versions_.emplace_back(std::make_unique<TableVersion>()).get();
    first->values.assign(initial.begin(), initial.end());
    first->values.resize(spec_.bytes());
  }
  ++first->readers;
  return *first;
}

TableVersion* TableCore::newest_until(std::uint64_t number) noexcept {
  TableVersion* newest = nullptr;
  for (const auto& version : versions_)
    if (version->number <= number && (newest == nullptr || version->number > newest->number)) newest = version.get();
  return newest;
}

TableVersion& TableCore::acquire(std::uint64_t number, std::uint64_t oldest) {
  TableVersion* const base = newest_until(number);
  TableVersion* shown = base;
  if (base->number != number) {
    // The newest version up to `oldest` is kept: versions that other peers still ask for can be made from it.
    const TableVersion* const kept = oldest < number ? newest_until(oldest) : nullptr;
    const auto worth = [&](const TableVersion& one) { return one.number <= number ? one.number + 1 : 0; };
    shown = nullptr;
    for (const auto& version : versions_)
      if (version->readers == 0 && version.get() != kept && (shown == nullptr || worth(*version) > worth(*shown)))
        shown = version.get();
    if (shown == nullptr) shown = versions_.emplace_back(std::make_unique<TableVersion>()).get();
    if (shown->values.empty() || shown->number > number || shown->number < forgotten_)
      shown->values = base->values, shown->number = base->number;
    bring_forward(*shown, number);
    forget_old(newest_until(oldest)->number);
  }
  ++shown->readers;
  return *shown;
}

void TableCore::bring_forward(TableVersion& version, std::uint64_t number) {
  const auto after = [](const Update& update, std::uint64_t last) { return update.number <= last; };
  auto update = std::lower_bound(updates_.begin(), updates_.end(), version.number, after);
  for (; update != updates_.end() && update->number <= number; ++update) {
    const Push& push = update->sum;
    std::byte* const values = version.values.data();
    if (push.head.is_dense != 0) {
      spec_.add(values, values, push.values, spec_.rows * spec_.width);
      continue;
    }
    for (std::size_t i = 0; i < push.rows.size(); ++i) {
      std::byte* const row = values + push.rows[i] * spec_.row_bytes();
      spec_.add(row, row, push.values + i * spec_.row_bytes(), spec_.width);
    }
  }
  version.number = number;
}

/// Drops updates that all versions contain, and older ones than version `kept` when there are too many bytes of them: a
/// version that lags far behind is better copied from that one than brought forward.
void TableCore::forget_old(std::uint64_t kept) {
  std::uint64_t oldest = kept;
  for (const auto& version : versions_) oldest = std::min(oldest, version->number);
  const std::uint64_t most = 2 * spec_.bytes() + 65536;
  while (!updates_.empty() && updates_.front().number <= kept &&
         (updates_.front().number <= oldest || update_bytes_ > most)) {
    update_bytes_ -= updates_.front().sum.head.value_bytes;
    forgotten_ = updates_.front().number;
    updates_.pop_front();
  }
}

}  // namespace scalar::inline v0::bsp::detail
