#pragma once
/// Answers the rows of a call from the cache, and computes what the cache does not have, each row once for all callers.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "scalar/cache/claim.hpp"
#include "scalar/predictor.hpp"

namespace scalar::inline v0::predictor {

/// Throws when the deadline has passed or a stop was requested. Claims that the exception destroys are handed over.
void require_time(const PredictOptions& call);

/// A row that the cache did not have.
struct ClaimedRow {
  cache::Claim claim;
  std::int64_t index;
};

/// The claims of a call, in memory that the calls of a thread reuse.
struct ClaimedRows {
  std::vector<ClaimedRow> mine{}, theirs{};

  std::size_t kept_bytes() const noexcept { return (mine.capacity() + theirs.capacity()) * sizeof(ClaimedRow); }
};

/// The rows of one call that the cache did not have: this call computes those it has claimed, and waits for the others.
///
/// `Rows` is what the call is made of: BatchRows, TensorRows or WholeRequest. Of a row it has `key(row)`, the bytes to
/// look it up by; `find(cache, key, row)`, which takes the answer from the cache if it is there; `take(row, value)`,
/// which takes an answer that another call computed; and `value(row)`, the bytes to store of a row that `compute` has
/// answered.
template <class Rows>
class MissingRows {
 public:
  MissingRows(Rows& rows, const PredictOptions& call, ClaimedRows& claimed)
      : rows_(rows), call_(call), claimed_(claimed) {}
  MissingRows(const MissingRows&) = delete;
  ~MissingRows() {  // hands the remaining claims over to the calls that wait for them
    claimed_.mine.clear();
    claimed_.theirs.clear();
  }

  void claim(cache::Cache& cache, const cache::Key& key, std::int64_t row) {
    using State = cache::Claim::State;
    cache::Claim claim = cache.claim(key);
    if (claim.state() == State::found) return take(claim, row);  // another call has stored it in the meantime
    (claim.state() == State::mine ? claimed_.mine : claimed_.theirs).push_back({std::move(claim), row});
  }

  /// Computes its own rows first and only then waits for the others, so that overlapping calls cannot deadlock.
  void resolve() {
    if (!claimed_.mine.empty()) compute_mine();
    for (ClaimedRow& row : claimed_.theirs) {
      if (row.claim.wait({.deadline = call_.deadline, .stop = call_.stop}) == cache::Claim::State::found) {
        take(row.claim, row.index);
        ++waited_;
      } else {  // handed over
        claimed_.mine.clear();
        claimed_.mine.push_back(std::move(row));
        compute_mine();
      }
    }
  }
  bool computed() const { return computed_ > 0; }
  bool waited() const { return waited_ > 0; }
  bool found() const { return found_ > 0; }

 private:
  void take(const cache::Claim& claim, std::int64_t row) {
    rows_.take(row, claim.value().bytes());
    ++found_;
  }

  void compute_mine() {
    std::vector<ClaimedRow>& mine = claimed_.mine;
    try {
      require_time(call_);
      rows_.compute(mine);
    } catch (...) {
      // With several rows, it is unknown which one failed: the claims are handed over, and the calls that wait compute
      // their rows themselves.
      if (mine.size() == 1) mine[0].claim.fail(std::current_exception());
      throw;
    }
    for (ClaimedRow& row : mine) row.claim.publish(rows_.value(row.index));
    computed_ += mine.size();
  }

  Rows& rows_;
  const PredictOptions& call_;
  ClaimedRows& claimed_;
  std::size_t computed_ = 0, waited_ = 0, found_ = 0;
};

/// Answers all `rows.count()` rows.
template <class Rows>
CacheUse answer(cache::Cache& cache, Rows& rows, const PredictOptions& call, ClaimedRows& claimed) {
  const std::uint64_t generation = cache.generation();
  std::optional<MissingRows<Rows>> missing;
  std::int64_t hits = 0;
  for (std::int64_t row = 0; row < rows.count(); ++row) {
    const cache::Key key = cache.key(rows.key(row), generation);
    if (rows.find(cache, key, row)) {
      ++hits;
      continue;
    }
    if (!missing) missing.emplace(rows, call, claimed);
    missing->claim(cache, key, row);
  }
  if (!missing) return CacheUse::hit;
  missing->resolve();
  if (missing->computed()) return hits > 0 || missing->found() ? CacheUse::partial : CacheUse::miss;
  return missing->waited() ? CacheUse::coalesced : CacheUse::hit;
}

/// Answers the rows when all of them are in the cache; false, without counting the call, when they are not.
template <class Rows>
bool find_all(cache::Cache& cache, Rows& rows) {
  const std::uint64_t generation = cache.generation();
  // With several rows, some may be missing: check all of them before any is counted as a hit.
  for (std::int64_t row = 0; rows.count() > 1 && row < rows.count(); ++row)
    if (!cache.contains(cache.key(rows.key(row), generation))) return false;
  for (std::int64_t row = 0; row < rows.count(); ++row)
    if (!rows.find(cache, cache.key(rows.key(row), generation), row)) return false;
  return true;
}

}  // namespace scalar::inline v0::predictor
