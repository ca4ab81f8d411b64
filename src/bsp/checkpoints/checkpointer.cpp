#include "bsp/checkpoints/checkpointer.hpp"

#include <algorithm>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

#include "bsp/world/memory_error.hpp"
#include "core/fail.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

constexpr std::uint64_t most_shards = 1 << 20;  // see `shards_of`

std::string peer_context(int rank) { return fmt::format("bsp peer {}", rank); }

}  // namespace

std::string text_of_shards(std::uint64_t shards) {
  return shards == 0 ? "no shards" : fmt::format("{} shard{}", shards, shards == 1 ? "" : "s");
}

Checkpointer::Checkpointer(const CheckpointOptions& options, const Placement& placement, std::uint64_t epoch)
    : directory_(options.directory, options.name),
      every_(static_cast<std::uint64_t>(options.every)),
      recovers_(options.recover),
      placement_(placement),
      epoch_(epoch),
      states_(static_cast<std::size_t>(placement.count(placement.here()))) {
  staged_.parts.resize(states_.size());
  writing_.parts.resize(states_.size());
  writer_ = std::thread([this] { serve(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  writer_.join();
}

ShardRange Checkpointer::parts_of(int rank, bool in_shards, std::uint64_t parts) const {
  if (!in_shards) return {rank, rank + 1};
  return shards_of(static_cast<int>(parts), rank, placement_.size());
}

bool Checkpointer::can_share(const CheckpointHead& head) const noexcept {
  const auto peers = static_cast<std::uint64_t>(placement_.size());
  return head.in_shards == 0 ? peers == head.parts : peers <= head.parts && head.parts <= most_shards;
}

std::uint64_t Checkpointer::newest() {
  damaged_.clear();
  for (const auto& [order, files] : directory_.checkpoints())
    if (load(order, files)) return order;
  return 0;
}

std::string Checkpointer::damage() const {
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < (std::min)(damaged_.size(), most); ++i) text += (i == 0 ? "" : "; ") + damaged_[i];
  return damaged_.size() > most ? fmt::format("{} and {} more", text, damaged_.size() - most) : text;
}

void Checkpointer::restore(std::uint64_t order) {
  if (order != loaded_.order) {  // another process does not see the newest checkpoint whole
    loaded_ = {};
    const auto all = directory_.checkpoints();
    if (order != 0 && (!all.contains(order) || !load(order, all.at(order))))
      fail(Errc::corrupt, directory_.path(), "a checkpoint that was there is gone");
  }
  sequence_ = loaded_.head.sequence;
}

/// Reads all files of a checkpoint, and keeps what the local peers need. False when a file is damaged or missing.
bool Checkpointer::load(std::uint64_t order, const std::vector<std::string>& files) {
  Loaded now{.order = order};
  std::uint64_t covered = 0;
  for (const std::string& path : files) {
    try {
      CheckpointReader file(path);
      const CheckpointHead& head = file.head();
      if (covered == 0) now.head = head;
      const bool is_of_order = CheckpointName{.sequence = head.sequence, .epoch = head.epoch}.order() == order;
      const bool is_alike = head.parts == now.head.parts && head.in_shards == now.head.in_shards;
      if (!is_of_order) {
        damaged_.push_back(path + ": it holds another checkpoint than its name says");
        continue;
      }
      if (!is_alike || head.first != covered) continue;
      read_parts(file, now.states);
      covered += head.count;
    } catch (const std::bad_alloc&) {
      std::error_code error;
      throw memory_error("a checkpoint that is read", std::filesystem::file_size(path, error), path);
    } catch (const Error& damaged) {
      // Neither a damaged file nor one that its process has pruned meanwhile is an error here.
      std::error_code error;
      if (!std::filesystem::exists(path, error)) return false;
      if (damaged.code() != Errc::corrupt) throw;
      damaged_.push_back(damaged.what());
      return false;
    }
  }
  if (covered == 0 || covered != now.head.parts) return false;
  if (!can_share(now.head)) {
    if (now.head.in_shards != 0)
      fail(Errc::invalid_argument, files.front(),
           "it has {}, which {} peers cannot share; expected at most as many peers as shards", text_of_shards(covered),
           placement_.size());
    fail(
        Errc::invalid_argument, files.front(),
        "it is of a run of {} peers, but this one has {}; only state that is named as bsp::sharded can be divided anew",
        covered, placement_.size());
  }
  loaded_ = std::move(now);
  return true;
}

void Checkpointer::read_parts(CheckpointReader& file, States& into) const {
  const CheckpointHead& head = file.head();  // may be damaged, which is known only after `check_end`
  std::vector<ShardRange> mine;              // the parts of each local peer
  for (int rank = placement_.first(placement_.here()); can_share(head) && mine.size() < states_.size(); ++rank)
    mine.push_back(parts_of(rank, head.in_shards != 0, head.parts));
  into.parts.resize(states_.size());
  file.read_common(into.common);
  std::size_t peer = 0;
  for (std::uint64_t part = head.first; part < head.first + head.count; ++part) {
    while (peer < mine.size() && part >= static_cast<std::uint64_t>(mine[peer].last)) ++peer;
    const bool is_mine = peer < mine.size() && part >= static_cast<std::uint64_t>(mine[peer].first);
    file.read_part(is_mine ? &into.parts[peer] : nullptr);
  }
  file.check_end();
}

bool Checkpointer::bind(int rank, std::unique_ptr<Persisted> state) {
  std::unique_ptr<Persisted>& mine = states_[index(rank)];
  if (mine != nullptr) fail(Errc::invalid_argument, peer_context(rank), "persist was called twice, expected once");
  mine = std::move(state);
  if (loaded_.order == 0) return false;
  const std::uint64_t stored = loaded_.head.in_shards != 0 ? loaded_.head.parts : 0;
  if (stored != static_cast<std::uint64_t>(mine->shards()))
    fail(Errc::invalid_argument, peer_context(rank), "the state has {}, but the checkpoint in {} has {}",
         text_of_shards(static_cast<std::uint64_t>(mine->shards())), directory_.path(), text_of_shards(stored));
  const Pieces parts = std::exchange(loaded_.states.parts[index(rank)], {});
  try {
    mine->read(loaded_.states.common, parts);
  } catch (const std::bad_alloc&) {
    throw memory_error("the state that a checkpoint has", loaded_.states.common.size() + parts.bytes.size(),
                       peer_context(rank));
  }
  return true;
}

Save::Value Checkpointer::stage(int rank) {
  if (!is_due()) return {};
  const Persisted* state = states_[index(rank)].get();
  if (state == nullptr)
    fail(Errc::invalid_argument, peer_context(rank), "checkpoint before persist: there is no state to write");
  const auto shards = static_cast<std::uint64_t>(state->shards());
  const auto parts = static_cast<std::size_t>(parts_of(rank, shards != 0, shards).count());
  if (const std::size_t seen = state->count(parts); seen != parts)
    fail(Errc::shape_mismatch, peer_context(rank),
         "sharded state has {} parts, expected {}, one for each of the peer's shards", seen, parts);
  std::vector<std::byte> common;
  Pieces& mine = staged_.parts[index(rank)];
  mine.clear();
  try {
    state->write(parts, common, mine);
  } catch (const std::bad_alloc&) {
    const std::uint64_t bytes = common.size() + std::exchange(mine, {}).bytes.size();
    throw memory_error("the state that a checkpoint writes, which is larger than this", bytes, peer_context(rank));
  }
  const Hash128 hash = hash128(common);
  if (index(rank) == 0) staged_.in_shards = shards != 0, staged_.common = std::move(common);
  return {.common = hash, .shards = shards};
}

bool Checkpointer::commit(bool processes_wait) {
  const bool is_written = is_due();
  const bool was_forced = std::exchange(is_forced_, processes_wait && !is_written);
  ++sequence_;
  if (!is_written) return false;
  settle();
  {
    const std::lock_guard lock(mutex_);
    std::swap(staged_, writing_);
    written_sequence_ = sequence_;
    is_writing_ = true;
  }
  changed_.notify_all();
  if (!processes_wait && !was_forced) return false;
  settle();
  return true;
}

void Checkpointer::settle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !is_writing_; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Checkpointer::finish(bool has_failed) noexcept {
  is_needed_.store(has_failed, std::memory_order_relaxed);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !is_writing_; });
}

void Checkpointer::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closing_ || is_writing_; });
    if (!is_writing_) return;
    lock.unlock();
    std::exception_ptr error;
    try {
      write();
      directory_.prune(epoch_, static_cast<std::uint64_t>(placement_.first(placement_.here())));
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    is_writing_ = false;
    changed_.notify_all();
  }
}

void Checkpointer::write() const {
  const int first = placement_.first(placement_.here());
  std::vector<std::uint64_t> sizes{writing_.common.size()};
  for (const Pieces& parts : writing_.parts)
    for (std::size_t i = 0; i < parts.size(); ++i) sizes.push_back(parts[i].size());
  const auto all = static_cast<std::uint64_t>(writing_.in_shards ? states_.front()->shards() : placement_.size());
  const CheckpointHead head{.in_shards = writing_.in_shards,
                            .parts = all,
                            .first = static_cast<std::uint64_t>(parts_of(first, writing_.in_shards, all).first),
                            .count = sizes.size() - 1,
                            .sequence = written_sequence_,
                            .epoch = epoch_};
  CheckpointWriter file(
      directory_.path_of({.sequence = written_sequence_, .epoch = epoch_, .first = static_cast<std::uint64_t>(first)}));
  file.write(std::as_bytes(std::span(&head, 1)));
  file.write(std::as_bytes(std::span(sizes)));
  file.write(writing_.common);
  for (const Pieces& parts : writing_.parts) file.write(parts.bytes);
  if (is_needed_.load(std::memory_order_relaxed)) file.finish();
}

}  // namespace scalar::inline v0::bsp::detail
