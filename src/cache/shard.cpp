#include "cache/shard.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace scalar::inline v0::cache::detail {
namespace {

bool equal(const std::byte* stored, std::uint64_t size, std::span<const std::byte> wanted) noexcept {
  return size == wanted.size() && (size == 0 || std::memcmp(stored, wanted.data(), wanted.size()) == 0);
}

constexpr std::size_t kept_flights = 1024;  // recycled flights per shard

}  // namespace

Block* Block::make(std::span<const std::byte> key, std::span<const std::byte> value, std::uint64_t generation) {
  void* memory = ::operator new(sizeof(Block) + padded(key.size()) + value.size());
  auto* block = new (memory) Block{{1}, key.size(), value.size(), generation, 0, 0, nullptr, nullptr, nullptr};
  if (!key.empty()) std::memcpy(const_cast<std::byte*>(block->key()), key.data(), key.size());
  if (!value.empty()) std::memcpy(const_cast<std::byte*>(block->value()), value.data(), value.size());
  return block;
}

void Block::destroy() noexcept {
  this->~Block();
  ::operator delete(this);
}

bool Flight::is_for(const Key& wanted) const noexcept {
  return hash == wanted.hash && generation == wanted.generation && equal(key.data(), key.size(), wanted.bytes);
}

Flights::~Flights() {
  while (free_ != nullptr) delete std::exchange(free_, free_->next);
}

Flight* Flights::find(const Key& key) const noexcept {
  if (listed_ == 0) return nullptr;
  for (Flight* flight = buckets_[key.hash.low & (buckets_.size() - 1)]; flight != nullptr; flight = flight->next)
    if (flight->is_for(key)) return flight;
  return nullptr;
}

Flight* Flights::start(const Key& key) {
  if (listed_ >= buckets_.size()) grow();
  std::unique_ptr<Flight> made;
  if (free_ == nullptr)
    made = std::make_unique<Flight>();
  else {
    made.reset(std::exchange(free_, free_->next));
    --free_count_;
  }
  made->key.assign(key.bytes.begin(), key.bytes.end());
  Flight* flight = made.release();
  flight->hash = key.hash;
  flight->generation = key.generation;
  flight->holders = 1;
  flight->status = Flight::Status::led;
  flight->leader = std::this_thread::get_id();
  flight->listed = true;
  flight->next = std::exchange(bucket(key.hash), flight);
  ++listed_;
  return flight;
}

void Flights::unlist(Flight& flight) noexcept {
  if (!flight.listed) return;
  Flight** link = &bucket(flight.hash);
  while (*link != &flight) link = &(*link)->next;
  *link = flight.next;
  flight.listed = false;
  --listed_;
}

void Flights::drop(Flight& flight) noexcept {
  if (--flight.holders > 0) return;
  unlist(flight);
  flight.value = {};
  flight.error.reset();
  flight.foreign = nullptr;
  if (free_count_ >= kept_flights || flight.key.capacity() > 4096) {
    delete &flight;
    return;
  }
  flight.next = std::exchange(free_, &flight);
  ++free_count_;
}

void Flights::grow() {
  std::vector<Flight*> old(buckets_.size() * 2);
  old.swap(buckets_);
  for (Flight* flight : old)
    while (flight != nullptr) {
      Flight* next = flight->next;
      flight->next = std::exchange(bucket(flight->hash), flight);
      flight = next;
    }
}

Block* Entries::find(const Key& key) const noexcept {
  Block* block = bucket(key.hash.low);
  for (; block != nullptr; block = block->chain)
    if (block->hash_high == key.hash.high && equal(block->key(), block->key_size, key.bytes)) break;
  return block;
}

Block* Entries::insert(const Hash128& hash, Block* block) {
  if (size_ > mask_) try {
      grow();
    } catch (...) {
      block->release();
      throw;
    }
  block->hash_low = hash.low;
  block->hash_high = hash.high;
  Block* out = nullptr;
  if (Block* old = find({{block->key(), static_cast<std::size_t>(block->key_size)}, hash, block->generation})) {
    remove(old);
    old->chain = std::exchange(out, old);
  }
  block->chain = std::exchange(bucket(hash.low), block);
  push_front(block);
  ++size_;
  bytes_ += cost(block->key_size, block->value_size);
  // Entries of old generations are all behind those of the newest one: every insert removes up to two of them.
  for (int reclaimed = 0; oldest_ != newest_; ++reclaimed) {
    Block* last = oldest_;
    const bool stale = reclaimed < 2 && last->generation != block->generation;
    if (bytes_ <= capacity_bytes_ && !stale) break;
    remove(last);
    ++evictions_;
    last->chain = std::exchange(out, last);
  }
  return out;
}

void Entries::remove(Block* block) noexcept {
  unlink(block);
  Block** link = &bucket(block->hash_low);
  while (*link != block) link = &(*link)->chain;
  *link = block->chain;
  bytes_ -= cost(block->key_size, block->value_size);
  --size_;
}

Block* Entries::clear() noexcept {
  Block* out = nullptr;
  for (Block* block = newest_; block != nullptr; block = block->older) block->chain = std::exchange(out, block);
  std::fill_n(buckets_.get(), mask_ + 1, nullptr);
  newest_ = oldest_ = nullptr;
  bytes_ = size_ = 0;
  return out;
}

void Entries::grow() {
  buckets_ = std::make_unique<Block*[]>((mask_ + 1) * 2);
  mask_ = mask_ * 2 + 1;
  for (Block* block = newest_; block != nullptr; block = block->older)
    block->chain = std::exchange(bucket(block->hash_low), block);
}

}  // namespace scalar::inline v0::cache::detail
