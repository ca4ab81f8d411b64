// Another process of the job lies: what it sends is what this one has sent, mirrored, then changed as the input says.
// The run ends in any case, well or with an error of a type that a bad frame has.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bsp/async/clock_core.hpp"
#include "bsp/world/wire.hpp"
#include "scalar/bsp.hpp"
#include "scalar/bsp/async/parameter_table.hpp"
#include "scalar/bsp/async/stale_clock.hpp"
#include "scalar/core/error.hpp"

using namespace scalar;
using namespace scalar::bsp::detail;
using bsp::Peer;
using bsp::Task;

namespace {

constexpr int each = 2;  // peers of each of the two processes

/// One change of one frame.
struct Lie {
  enum What : std::uint8_t { flip, small, large, cut, cut_openly, twice, late, other, whats };
  std::uint8_t frame;
  std::uint8_t what;
  std::uint16_t at, value;
};

class Liar final : public bsp::Transport {
 public:
  explicit Liar(std::span<const std::uint8_t> input) : input_(input) {}

  bsp::Membership meet() override { return {0, 2, 1}; }
  void send(int, std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void>) override {
    std::vector<std::byte> frame;
    for (const auto& part : parts) frame.insert(frame.end(), part.begin(), part.end());
    mirror(frame);
    distort(std::move(frame));
    ++sent_;
  }
  void poll(Sink& sink) override {
    while (!frames_.empty()) {
      const std::vector<std::byte> frame = std::move(frames_.front());
      frames_.pop_front();
      bsp::Buffer buffer = sink.allocate(frame.size());
      std::copy(frame.begin(), frame.end(), buffer.data());
      sink.received(1, std::move(buffer));
    }
    if (std::exchange(is_over_, false)) sink.lost(1, "it says no more");
  }
  void wait(std::chrono::milliseconds) override {
    if (!frames_.empty()) return;
    is_over_ = late_.empty();
    std::swap(frames_, late_);
  }
  void interrupt() noexcept override {}
  void flush(Sink&) override {}

 private:
  template <class Head>
  static Head read(std::span<const std::byte> frame, std::size_t at = 0) {
    Head head;
    std::memcpy(static_cast<void*>(&head), frame.data() + at, sizeof head);
    return head;
  }
  template <class Head>
  static void write(std::span<std::byte> frame, const Head& head, std::size_t at = 0) {
    std::memcpy(frame.data() + at, &head, sizeof head);
  }

  /// As a process whose peers are 2 and 3 would say it.
  static void mirror(std::vector<std::byte>& frame) {
    const auto envelope = read<Envelope>(frame);
    if (envelope.kind != Envelope::frame_of_port) return;
    if (envelope.port == envelope.run) {
      bsp::Buffer copy(frame.size());
      std::copy(frame.begin(), frame.end(), copy.data());
      const BarrierFrame decoded = BarrierFrame::decode(copy.bytes());
      for (const SegmentEntry& entry : decoded.segments) {
        auto& mine = const_cast<SegmentEntry&>(entry);
        mine.source += each, mine.destination -= entry.destination < 0 ? 0 : each;
      }
      frame.assign(copy.bytes().begin(), copy.bytes().end());
      return;
    }
    const auto head = read<ClockHead>(frame);
    for (std::size_t i = 0, at = sizeof head; i < head.pushes; ++i) {
      auto push = read<PushHead>(frame, at);
      push.rank += each;
      write(frame, push, at);
      at += sizeof push + 8 * push.rows + (push.value_bytes + 7) / 8 * 8;
    }
  }

  void distort(std::vector<std::byte> frame) {
    std::deque<std::vector<std::byte>>* to = &frames_;
    int copies = 1;
    for (std::size_t begin = 0; begin + sizeof(Lie) <= input_.size(); begin += sizeof(Lie)) {
      Lie lie;
      std::memcpy(&lie, input_.data() + begin, sizeof lie);
      if (lie.frame % 32 != sent_ || frame.empty()) continue;
      const std::size_t at = lie.at % frame.size();
      const auto put = [&](auto value) {
        if (frame.size() - at >= sizeof value) std::memcpy(frame.data() + at, &value, sizeof value);
      };
      switch (lie.what % Lie::whats) {
        case Lie::flip:
          frame[at] ^= static_cast<std::byte>(lie.value);
          break;
        case Lie::small:
          put(std::uint64_t{lie.value});
          break;
        case Lie::large:
          put(~std::uint64_t{lie.value});
          break;
        case Lie::cut:
          frame.resize(at);
          break;
        case Lie::cut_openly:
          frame.resize(at), confess(frame);
          break;
        case Lie::twice:
          copies = 2;
          break;
        case Lie::late:
          to = &late_;
          break;
        case Lie::other:
          put(std::uint32_t{lie.value});
          break;
      }
    }
    for (int i = 0; i < copies; ++i) to->push_back(frame);
  }
  /// Tells the length that the frame has now.
  static void confess(std::vector<std::byte>& frame) {
    if (frame.size() < std::max(sizeof(BarrierHead), sizeof(ClockHead))) return;
    const auto envelope = read<Envelope>(frame);
    const std::uint64_t bytes = frame.size();
    write(frame, bytes, envelope.port == envelope.run ? offsetof(BarrierHead, bytes) : offsetof(ClockHead, bytes));
  }

  std::span<const std::uint8_t> input_;
  std::deque<std::vector<std::byte>> frames_, late_;
  std::size_t sent_ = 0;
  bool is_over_ = false;
};

Task<std::uint64_t> program(Peer& peer) {
  auto numbers = peer.mailbox<std::uint32_t>();
  auto texts = peer.mailbox<std::string>();
  auto views = peer.mailbox<std::string_view>();
  auto maps = peer.mailbox<std::map<std::string, std::vector<std::optional<std::string>>>>();
  bsp::StaleClock clock(peer, {.staleness = 1});
  bsp::ParameterTable<float> table(clock, 8, 2);
  std::uint64_t sum = 0;
  for (int step = 0; step < 3; ++step) {
    for (int to = 0; to < peer.size(); ++to) {
      for (int i = 0; i <= step; ++i) numbers.send(to, 7);
      texts.emplace(to, "text");
      views.send(to, "a view");
      maps.emplace(to,
                   std::map<std::string, std::vector<std::optional<std::string>>>{{"key", {"value", std::nullopt}}});
    }
    co_await peer.sync();
    for (const std::uint32_t number : numbers.received()) sum += number;
    for (const std::string& text : texts.received()) sum += text.size();
    for (const std::string_view view : views.received()) sum += view.size();
    for (const auto& map : maps.received()) sum += map.size();
    sum += co_await all_reduce(peer, sum, std::plus{});
  }
  // Collectives without a root, on chunks of one size: what this process sends, mirrored, is what the other would send.
  std::vector<std::uint32_t> vector(64, 1), all(256), turned(256);
  co_await all_reduce(peer, std::span(vector), std::plus{});
  co_await bsp::scan(peer, std::span(vector), std::plus{});
  co_await bsp::all_gather(peer, std::span<const std::uint32_t>(vector), std::span(all));
  co_await bsp::all_to_all(peer, std::span<const std::uint32_t>(all), std::span(turned));
  sum += turned.back();
  const std::vector<float> row{1, 2}, rows(16, 1);
  for (int tick = 0; tick < 4; ++tick) {
    if (tick == 2) table.push_all(std::span(rows));
    table.push(static_cast<std::size_t>(peer.rank() + tick), std::span(row));
    co_await clock.tick();
    for (const float value : table.values()) sum += value > 0;
  }
  co_return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bsp::Engine engine(
      {.peers = 2 * each, .workers = 1, .transport = std::make_shared<Liar>(std::span(data, size))});
  try {
    engine.run(program);
    if (size < sizeof(Lie)) return 0;
  } catch (const Error& error) {
    if (size < sizeof(Lie) || error.code() == Errc::internal) std::abort();  // without lies all is well
  }
  return 0;
}
