#include "cache/shard.hpp"

#include <cstring>
#include <new>

namespace scalar::inline v0::cache::detail {
namespace {

bool equal(const std::byte* stored, std::uint64_t size, std::span<const std::byte> wanted) noexcept {
  return size == wanted.size() && (size == 0 || std::memcmp(stored, wanted.data(), wanted.size()) == 0);
}

constexpr std::size_t kept_flights = 1024;  // recycled flights a shard keeps

}  // namespace

Block* Block::make(std::span<const std::byte> key, std::span<const std::byte> value, std::uint64_t generation) {
  void* memory = ::operator new(sizeof(Block) + padded(key.size()) + value.size());
  auto* block = new (memory) Block{{1}, key.size(), value.size(), generation, nullptr};
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

std::uint32_t Entries::find(const Key& key) const noexcept {
  std::uint32_t node = buckets_[key.hash.low & (buckets_.size() - 1)];
  for (; node != nil; node = nodes_[node].chain)
    if (nodes_[node].tag == key.hash.high && equal(nodes_[node].block->key(), nodes_[node].block->key_size, key.bytes))
      break;
  return node;
}

Block* Entries::insert(const Hash128& hash, Block* block) {
  const Key key{{block->key(), static_cast<std::size_t>(block->key_size)}, hash, block->generation};
  Block* out = nullptr;
  std::uint32_t node = find(key);
  if (node != nil) {
    out = std::exchange(nodes_[node].block, block);
    out->link = nullptr;
    bytes_ -= cost(out->key_size, out->value_size);
    unlink(node);
  } else {
    try {
      node = add_node(hash);
    } catch (...) {
      block->release();
      throw;
    }
    nodes_[node].block = block;
    ++size_;
  }
  push_front(node);
  bytes_ += cost(block->key_size, block->value_size);
  // Entries of old generations are all behind those of the newest one: two of them go with every insert.
  for (int reclaimed = 0; tail_ != head_; ++reclaimed) {
    const bool stale = reclaimed < 2 && nodes_[tail_].block->generation != block->generation;
    if (bytes_ <= capacity_bytes_ && !stale) break;
    Block* gone = evict_last();
    gone->link = std::exchange(out, gone);
  }
  return out;
}

std::uint32_t Entries::add_node(const Hash128& hash) {
  if (size_ >= buckets_.size()) grow();
  std::uint32_t node = free_;
  if (node == nil) {
    node = static_cast<std::uint32_t>(nodes_.size());
    if (node == nil) throw std::bad_alloc();
    nodes_.emplace_back();
  } else {
    free_ = nodes_[node].chain;
  }
  nodes_[node].tag = hash.high;
  nodes_[node].bucket_bits = static_cast<std::uint32_t>(hash.low);
  nodes_[node].chain = std::exchange(buckets_[hash.low & (buckets_.size() - 1)], node);
  return node;
}

Block* Entries::evict_last() noexcept {
  const std::uint32_t node = tail_;
  unlink(node);
  std::uint32_t* link = &buckets_[nodes_[node].bucket_bits & (buckets_.size() - 1)];
  while (*link != node) link = &nodes_[*link].chain;
  *link = nodes_[node].chain;
  nodes_[node].chain = std::exchange(free_, node);
  Block* block = std::exchange(nodes_[node].block, nullptr);
  bytes_ -= cost(block->key_size, block->value_size);
  --size_;
  ++evictions_;
  return block;
}

Block* Entries::clear() noexcept {
  Block* out = nullptr;
  for (const Node& node : nodes_)
    if (node.block != nullptr) node.block->link = std::exchange(out, node.block);
  std::vector<Node>().swap(nodes_);
  buckets_.assign(buckets_.size(), nil);
  head_ = tail_ = free_ = nil;
  bytes_ = size_ = 0;
  return out;
}

void Entries::grow() {
  buckets_.assign(buckets_.size() * 2, nil);
  for (std::uint32_t node = head_; node != nil; node = nodes_[node].next) {
    std::uint32_t& bucket = buckets_[nodes_[node].bucket_bits & (buckets_.size() - 1)];
    nodes_[node].chain = std::exchange(bucket, node);
  }
}

}  // namespace scalar::inline v0::cache::detail
