#include "bsp/tcp/link.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::sockets {
namespace {

constexpr std::size_t staging_bytes = std::size_t{64} << 10;
constexpr std::size_t turn_bytes = std::size_t{2} << 20;  // read at most, then it is time to send again

}  // namespace

Link::Link(int process, Stream stream, std::shared_ptr<LinkCounters> counters, const Limits& limits)
    : process_(process),
      stream_(std::move(stream)),
      counters_(std::move(counters)),
      limits_(limits),
      staging_(staging_bytes) {}

Link::Outgoing& Link::enqueue(const FrameHeader& header) {
  if (first_ == last_) first_ = last_ = 0;
  if (first_ > 16 && last_ == queue_.size()) {
    std::rotate(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(first_), queue_.end());
    last_ -= std::exchange(first_, 0);
  }
  if (last_ == queue_.size()) queue_.emplace_back();
  Outgoing& item = queue_[last_++];
  item.at = 0;
  item.parts.clear();
  item.header = header.encode();
  return item;
}

void Link::send(std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void> keeps) {
  if (has_ended() || is_mute_) return;
  FrameHeader header{FrameHeader::Kind::data, limits_.epoch, 0};
  for (const std::span<const std::byte> part : parts) header.length += part.size();
  Outgoing& item = enqueue(header);
  try {
    item.parts.reserve(parts.size() + 1);
  } catch (const std::bad_alloc&) {
    --last_;  // else the next frame would be taken for the rest of this one
    throw;
  }
  item.parts.push_back({nullptr, FrameHeader::size});  // null: the queue may move the header, so `gather` finds it
  for (const std::span<const std::byte> part : parts)
    if (!part.empty()) item.parts.push_back({const_cast<std::byte*>(part.data()), part.size()});
  item.keeps = std::move(keeps);
  push();
}

void Link::goodbye(std::uint64_t run) {
  if (has_ended() || is_mute_) return;
  enqueue({FrameHeader::Kind::goodbye, limits_.epoch, run}).parts.push_back({nullptr, FrameHeader::size});
  push();
}

/// How many bytes may be sent now. Dekker's pattern with the service, which stores `acknowledged` before it looks
/// whether a worker is starved.
std::uint64_t Link::credit() noexcept {
  const auto left = [&] {
    return counters_->acknowledged.load(std::memory_order_seq_cst) + limits_.window_bytes - sent_;
  };
  std::uint64_t bytes = left();
  if (bytes == 0) {
    counters_->starved.store(true, std::memory_order_seq_cst);
    bytes = left();
  }
  is_starved_ = bytes == 0;
  return bytes;
}

/// Fills `iov_` with what goes next, at most `credit` bytes.
std::size_t Link::gather(std::uint64_t credit) {
  std::size_t count = 0;
  for (std::size_t i = first_; i < last_; ++i) {
    const Outgoing& item = queue_[i];
    for (std::size_t part = item.at; part < item.parts.size(); ++part) {
      if (count == iov_.size() || credit == 0) return count;
      iovec next = item.parts[part];
      if (part == 0) next.iov_base = const_cast<std::byte*>(item.header.data()) + (FrameHeader::size - next.iov_len);
      next.iov_len = static_cast<std::size_t>((std::min)(static_cast<std::uint64_t>(next.iov_len), credit));
      credit -= next.iov_len;
      iov_[count++] = next;
    }
  }
  return count;
}

void Link::advance(std::size_t bytes) noexcept {
  while (first_ != last_) {
    Outgoing& item = queue_[first_];
    for (; item.at < item.parts.size(); ++item.at) {
      iovec& part = item.parts[item.at];
      if (bytes < part.iov_len) {
        if (part.iov_base != nullptr) part.iov_base = static_cast<std::byte*>(part.iov_base) + bytes;
        part.iov_len -= bytes;
        return;
      }
      bytes -= part.iov_len;
    }
    item.keeps.reset();
    ++first_;
  }
}

void Link::push() {
  while (has_queue()) {
    const std::uint64_t most = credit();
    if (most == 0) return;
    const Stream::Moved moved = stream_.write(std::span(iov_).first(gather(most)));
    sent_ += moved.bytes;
    counters_->sent.store(sent_, std::memory_order_relaxed);
    advance(moved.bytes);
    if (moved.ended) {  // what it has sent before is read before it counts as lost
      is_mute_ = true;
      mute_reason_ = stream_.reason();
      mute_since_ = std::chrono::steady_clock::now();
      return drop_queue();
    }
    if (moved.blocked) return;
  }
  is_starved_ = false;
}

void Link::drop_queue() noexcept {
  for (; first_ != last_; ++first_) queue_[first_].keeps.reset();
  is_starved_ = false;
}

void Link::detach() {
  for (std::size_t i = first_; i < last_; ++i) {
    Outgoing& item = queue_[i];
    const std::size_t begin = (std::max)(item.at, std::size_t{1});  // the header lies in the item
    const auto copy = std::make_shared<std::vector<std::byte>>();
    for (std::size_t part = begin; part < item.parts.size(); ++part) {
      const auto* const from = static_cast<const std::byte*>(item.parts[part].iov_base);
      copy->insert(copy->end(), from, from + item.parts[part].iov_len);
    }
    item.parts.resize(begin);
    if (!copy->empty()) item.parts.push_back({copy->data(), copy->size()});
    item.keeps = copy;
  }
}

void Link::end(End cause, const std::string& reason) {
  cause_ = cause;
  reason_ = reason;
  ended_at_ = std::chrono::steady_clock::now();
  frame_ = {};
  drop_queue();
}

/// Takes the next header, if all of it has come.
bool Link::begin_frame(Transport::Sink& sink) {
  if (passed_over_ != 0) {
    const auto bytes = static_cast<std::size_t>((std::min<std::uint64_t>)(end_ - begin_, passed_over_));
    begin_ += bytes, passed_over_ -= bytes;
    if (passed_over_ != 0) return false;
  }
  if (end_ - begin_ < FrameHeader::size) return false;
  const FrameHeader header =
      FrameHeader::decode(std::span<const std::byte, FrameHeader::size>(staging_.data() + begin_, FrameHeader::size),
                          limits_.epoch, limits_.max_frame_bytes);
  begin_ += FrameHeader::size;
  if (header.kind == FrameHeader::Kind::goodbye) {
    has_left_ = true;
    last_run_ = header.length;
    return true;
  }
  try {
    frame_ = sink.allocate(header.length);
  } catch (const std::bad_alloc&) {
    passed_over_ = header.length;
    sink.exhausted(process_, header.length);
    return true;
  }
  filled_ = 0;
  in_frame_ = true;
  return true;
}

bool Link::unpack(Transport::Sink& sink) {
  bool completed = false;
  while (in_frame_ || begin_frame(sink)) {
    if (!in_frame_) continue;
    if (const std::size_t bytes = (std::min)(end_ - begin_, frame_.size() - filled_); bytes != 0) {
      std::memcpy(frame_.data() + filled_, staging_.data() + begin_, bytes);
      begin_ += bytes, filled_ += bytes;
    }
    if (filled_ != frame_.size()) break;
    in_frame_ = false;
    completed = true;
    sink.received(process_, std::move(frame_));
  }
  const std::size_t left = end_ - begin_;  // less than a header
  if (left != 0 && begin_ != 0) std::memmove(staging_.data(), staging_.data() + begin_, left);
  begin_ = 0, end_ = left;
  return completed;
}

bool Link::pull(Transport::Sink& sink) {
  if (has_ended()) return false;
  bool completed = false;
  try {
    for (std::size_t bytes = 0; bytes < turn_bytes || stream_.has_pending();) {
      std::array<iovec, 2> into;
      std::size_t count = 0;
      const std::size_t rest = in_frame_ ? frame_.size() - filled_ : 0;
      if (rest != 0) into[count++] = {frame_.data() + filled_, rest};
      into[count++] = {staging_.data() + end_, staging_bytes - end_};
      const Stream::Moved moved = stream_.read(std::span(into).first(count));
      const std::size_t direct = (std::min)(rest, moved.bytes);
      filled_ += direct;
      end_ += moved.bytes - direct;
      bytes += moved.bytes;
      received_ += moved.bytes;
      counters_->received.store(received_, std::memory_order_relaxed);
      if (moved.bytes != 0 && unpack(sink)) completed = true;
      if (moved.ended) {
        end(stream_.cause(), stream_.reason() + (in_frame_ || end_ != 0 ? " in the midst of a frame" : ""));
        break;
      }
      if (moved.blocked) break;
    }
  } catch (const std::bad_alloc&) {
    end(End::nonsense, "there was not enough memory for what it sent");
  } catch (const std::exception& error) {
    end(End::nonsense, error.what());
  }
  return completed;
}

void Link::finish() noexcept {
  ::shutdown(stream_.fd(), SHUT_WR);
  std::array<std::byte, 4096> bytes;
  const iovec into{bytes.data(), bytes.size()};
  for (Stream::Moved moved; !moved.ended && !moved.blocked;) moved = stream_.read(std::span(&into, 1));
}

}  // namespace scalar::inline v0::bsp::sockets
