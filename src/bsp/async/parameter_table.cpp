#include "scalar/bsp/async/parameter_table.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <numeric>
#include <string>

#include "bsp/async/table_seat.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::string context_of(const Peer& peer, std::uint32_t table) {
  return fmt::format("bsp::ParameterTable {} peer {}", table, peer.rank());
}

TableSpec checked(StaleClock& clock, const TableSpec& spec, std::size_t initial_bytes) {
  const auto context = [&] { return fmt::format("bsp::ParameterTable peer {}", clock.peer().rank()); };
  const std::uint64_t most = std::numeric_limits<std::int64_t>::max() / spec.element_bytes;
  if (spec.width != 0 && spec.rows > most / spec.width)
    fail(Errc::invalid_argument, context(), "there is no memory for {} x {} values", spec.rows, spec.width);
  if (initial_bytes != 0 && initial_bytes != spec.bytes())
    fail(Errc::shape_mismatch, context(), "{} initial values, expected {} x {}", initial_bytes / spec.element_bytes,
         spec.rows, spec.width);
  if (clock.now() != 0)
    fail(Errc::invalid_argument, context(),
         "a table is made before the clock's first tick; this one has ticked {} times", clock.now());
  return spec;
}

}  // namespace

TableSeat::Impl::Impl(StaleClock& of, const TableSpec& what, std::span<const std::byte> initial, bool with_own)
    : clock(of),
      spec(what),
      number(of.tables_made()),
      core(of.core().join_table(of.peer().rank(), number, what, initial)),
      reads_own(with_own),
      version(&of.core().begin(core, initial)) {}

void TableSeat::Impl::begin() {
  if (data != nullptr) return;
  data = clock.core().pool().take();
  data->rows.clear(), data->values.clear();
  dense = false;
}

void TableSeat::Impl::push(std::uint64_t row, const void* delta) {
  begin();
  if (dense) {
    std::byte* const to = data->values.data() + row * spec.row_bytes();
    return spec.add(to, to, delta, spec.width);
  }
  const auto* bytes = static_cast<const std::byte*>(delta);
  data->rows.push_back(row);
  data->values.insert(data->values.end(), bytes, bytes + spec.row_bytes());
  if (data->rows.size() > 2 * spec.rows + 64) compact();
}

void TableSeat::Impl::push_all(const void* deltas) {
  begin();
  std::byte* to = data->values.data();
  if (dense) return spec.add(to, to, deltas, spec.rows * spec.width);
  compact();
  const auto* bytes = static_cast<const std::byte*>(deltas);
  const std::shared_ptr<PushData> all = data->rows.empty() ? data : clock.core().pool().take();
  all->values.assign(bytes, bytes + spec.bytes());
  to = all->values.data();
  for (std::size_t i = 0; i < data->rows.size(); ++i) {
    std::byte* const row = to + data->rows[i] * spec.row_bytes();
    spec.add(row, data->values.data() + i * spec.row_bytes(), row, spec.width);
  }
  all->rows.clear();
  data = all;
  dense = true;
}

/// Sorts the rows, and sums rows that were pushed more than once, in the order of their pushes.
void TableSeat::Impl::compact() {
  const std::vector<std::uint64_t>& rows = data->rows;
  if (std::adjacent_find(rows.begin(), rows.end(), std::greater_equal{}) == rows.end()) return;
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rows[a] < rows[b]; });
  const std::shared_ptr<PushData> sorted = clock.core().pool().take();
  sorted->rows.clear(), sorted->values.clear();
  for (const std::size_t i : order) {
    const std::byte* const from = data->values.data() + i * spec.row_bytes();
    if (!sorted->rows.empty() && sorted->rows.back() == rows[i]) {
      std::byte* const to = sorted->values.data() + sorted->values.size() - spec.row_bytes();
      spec.add(to, to, from, spec.width);
    } else {
      sorted->rows.push_back(rows[i]);
      sorted->values.insert(sorted->values.end(), from, from + spec.row_bytes());
    }
  }
  data = sorted;
}

void TableSeat::Impl::seal(std::uint64_t tick, std::vector<Push>& out) {
  if (data == nullptr) return;
  if (!dense) compact();
  if (!dense && data->rows.size() == spec.rows) dense = true, data->rows.clear();
  Push push{{tick, clock.peer().rank(), number, spec.type, spec.width, data->rows.size(), data->values.size(), dense},
            data->rows,
            data->values.data(),
            data};
  data = nullptr;
  if (reads_own) unseen.push_back(push);
  out.push_back(std::move(push));
}

void TableSeat::Impl::show(std::uint64_t shown, std::uint64_t oldest) {
  --version->readers;
  version = &core.acquire(shown, oldest);
}

void TableSeat::Impl::refresh() {
  if (!reads_own) return;
  while (!unseen.empty() && (clock.staleness() == unbounded || unseen.front().head.clock <= version->number))
    unseen.pop_front();
  own = version->values;
  for (const Push& push : unseen) {
    if (push.head.is_dense != 0) spec.add(own.data(), own.data(), push.values, spec.rows * spec.width);
    for (std::size_t i = 0; i < push.rows.size(); ++i) add_own(push.rows[i], push.values + i * spec.row_bytes());
  }
}

void TableSeat::Impl::add_own(std::uint64_t row, const void* delta) {
  std::byte* const to = own.data() + row * spec.row_bytes();
  spec.add(to, to, delta, spec.width);
}

TableSeat::TableSeat(StaleClock& clock, const TableSpec& spec, std::span<const std::byte> initial, bool read_my_writes)
    : spec_(checked(clock, spec, initial.size())),
      impl_(std::make_unique<Impl>(clock, spec_, initial, read_my_writes)) {
  if (read_my_writes) impl_->own = impl_->version->values;
  values_ = read_my_writes ? impl_->own.data() : impl_->version->values.data();
  clock.attach(*this);
}

TableSeat::~TableSeat() {
  impl_->clock.detach(*this);
  impl_->clock.core().release(*impl_->version);
}

void TableSeat::push(std::uint64_t row, const void* delta, std::size_t count) {
  if (count != spec_.width)
    fail(Errc::shape_mismatch, context_of(impl_->clock.peer(), impl_->number), "a push of {} elements to a row of {}",
         count, spec_.width);
  (void)this->row(row);
  impl_->push(row, delta);
  if (impl_->reads_own) impl_->add_own(row, delta);
}

void TableSeat::push_all(const void* deltas, std::size_t count) {
  if (count != spec_.rows * spec_.width)
    fail(Errc::shape_mismatch, context_of(impl_->clock.peer(), impl_->number),
         "a push of {} elements to all of {} x {}", count, spec_.rows, spec_.width);
  impl_->push_all(deltas);
  if (impl_->reads_own) spec_.add(impl_->own.data(), impl_->own.data(), deltas, count);
}

const std::byte* TableSeat::row(std::uint64_t row) const {
  if (row >= spec_.rows)
    fail(Errc::out_of_range, context_of(impl_->clock.peer(), impl_->number), "row {}, but there are {}", row,
         spec_.rows);
  return values_ + row * spec_.row_bytes();
}

std::uint64_t TableSeat::version() const noexcept { return impl_->version->number; }

void TableSeat::refresh() {
  impl_->refresh();
  values_ = impl_->reads_own ? impl_->own.data() : impl_->version->values.data();
}

}  // namespace scalar::inline v0::bsp::detail
