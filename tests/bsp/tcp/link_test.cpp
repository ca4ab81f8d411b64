#include "bsp/tcp/link.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "bsp/tcp/matchers.hpp"
#include "support/catch.hpp"

// Sanitizers bring their own. Not inlined, or the compiler sees free() called on memory from operator new.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define SCALAR_TEST_STARVES
static thread_local bool is_starved = false;
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* const memory = is_starved ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  return memory != nullptr ? memory : throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

using namespace scalar::bsp;
using namespace bsp_tcp_test;
using sockets::Descriptor;
using sockets::FrameHeader;
using sockets::Link;
using sockets::LinkCounters;

namespace {

struct Received final : Transport::Sink {
  std::vector<std::string> frames;
  std::size_t memory = std::size_t{1} << 30;  // for one frame
  std::vector<std::size_t> passed_over;
  bool is_frame_missed = false;  // then a frame that is passed over ends the link
  Buffer allocate(std::size_t bytes) override { return bytes <= memory ? Buffer(bytes) : throw std::bad_alloc(); }
  void exhausted(int, std::size_t bytes) override {
    passed_over.push_back(bytes);
    if (is_frame_missed) throw std::bad_alloc();
  }
  void received(int, Buffer frame) override {
    frames.emplace_back(reinterpret_cast<const char*>(frame.data()), frame.size());
  }
  void lost(int, const std::string&) override {}
};

/// A link, and the other end of its socket.
struct Pair {
  explicit Pair(std::uint64_t window = 1 << 20, std::uint64_t epoch = 1) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    other = Descriptor(ends[1]);
    counters = std::make_shared<LinkCounters>(Descriptor(ends[0]));
    link = std::make_unique<Link>(1, sockets::Stream(ends[0]), counters, Link::Limits{epoch, window, 1 << 20});
  }
  void say(std::span<const std::byte> bytes) const {
    REQUIRE(::send(other.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  void say(const FrameHeader& header) const { say(header.encode()); }
  std::string read() const {
    std::string all(1 << 20, '\0');
    const ssize_t got = ::recv(other.get(), all.data(), all.size(), 0);
    all.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return all;
  }
  Descriptor other;
  std::shared_ptr<LinkCounters> counters;
  std::unique_ptr<Link> link;
};

std::string end_after(const FrameHeader& header, std::uint64_t epoch = 1) {
  Pair pair(1 << 20, epoch);
  Received sink;
  pair.say(header);
  CHECK_FALSE(pair.link->pull(sink));
  CHECK(sink.frames.empty());
  CHECK(pair.link->has_ended());
  return pair.link->reason();
}

}  // namespace

TEST_CASE("a frame that cannot be is not believed") {
  CHECK(end_after({FrameHeader::Kind::data, 1, std::uint64_t{1} << 63}) ==
        "frame header: a length of 9223372036854775808, expected at most 1048576");
  CHECK(end_after({FrameHeader::Kind::data, 1, (1 << 20) + 1}) ==
        "frame header: a length of 1048577, expected at most 1048576");
  CHECK(end_after({FrameHeader::Kind::data, 1, 5}, 2) == "frame header: it is of epoch 1, expected 2");
  CHECK(end_after({FrameHeader::Kind{7}, 1, 5}) == "frame header: kind 7 is unknown");
  const auto good = FrameHeader{FrameHeader::Kind::data, 1, 5}.encode();
  for (std::size_t bit = 0; bit < 8 * FrameHeader::size; ++bit) {
    auto flipped = good;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    Pair pair;
    Received sink;
    pair.say(flipped);
    pair.link->pull(sink);
    CHECK_THAT(pair.link->reason(), StartsWith("frame header: garbage: "));
  }
}

TEST_CASE("frames arrive whole, in order, byte by byte or many at once") {
  std::vector<std::byte> bytes;
  std::vector<std::string> expected;
  for (const std::size_t size : {0u, 1u, 31u, 32u, 33u, 4096u, 70'000u}) {
    expected.emplace_back(size, static_cast<char>('a' + size % 23));
    const auto header = FrameHeader{FrameHeader::Kind::data, 1, size}.encode();
    bytes.insert(bytes.end(), header.begin(), header.end());
    const auto body = std::as_bytes(std::span(expected.back()));
    bytes.insert(bytes.end(), body.begin(), body.end());
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{31}, std::size_t{1000}, bytes.size()}) {
    Pair pair;
    Received sink;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      pair.say(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
      pair.link->pull(sink);
    }
    CHECK(sink.frames == expected);
    CHECK(pair.counters->received == bytes.size());
    CHECK_FALSE(pair.link->has_ended());
    pair.say(FrameHeader{FrameHeader::Kind::data, 1, 9});
    pair.other = Descriptor();
    while (!pair.link->has_ended()) pair.link->pull(sink);
    CHECK(pair.link->reason() == "its connection ended in the midst of a frame");
  }
}

#ifdef SCALAR_TEST_STARVES
TEST_CASE("a frame that there is no memory to send leaves nothing behind, and those after it go") {
  Pair pair;
  const std::string text = "abc", after = "next";
  const auto sent = [](const std::string& body) {
    const auto header = FrameHeader{FrameHeader::Kind::data, 1, body.size()}.encode();
    return std::string(reinterpret_cast<const char*>(header.data()), header.size()) + body;
  };
  const auto part = std::as_bytes(std::span(text)), next = std::as_bytes(std::span(after));
  pair.link->send(std::span(&part, 1), nullptr);
  CHECK(pair.read() == sent(text));
  const std::vector<std::span<const std::byte>> many(100, part);
  bool has_thrown = false;
  is_starved = true;
  try {
    pair.link->send(many, nullptr);
  } catch (const std::bad_alloc&) {
    has_thrown = true;
  }
  is_starved = false;
  CHECK(has_thrown);
  CHECK_FALSE(pair.link->has_queue());
  pair.link->send(std::span(&next, 1), nullptr);
  CHECK(pair.read() == sent(after));
}
#endif

TEST_CASE("a frame that there is no memory for is passed over, and those after it come") {
  std::vector<std::byte> bytes;
  for (const std::size_t size : {10u, 5000u, 0u, 70'000u, 20u}) {
    const auto header = FrameHeader{FrameHeader::Kind::data, 1, size}.encode();
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.insert(bytes.end(), size, std::byte{'a'});
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{31}, std::size_t{1000}, bytes.size()}) {
    Pair pair;
    Received sink;
    sink.memory = 100;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      pair.say(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
      pair.link->pull(sink);
    }
    CHECK(sink.frames == std::vector<std::string>{std::string(10, 'a'), "", std::string(20, 'a')});
    CHECK(sink.passed_over == std::vector<std::size_t>{5000, 70'000});
    CHECK(pair.counters->received == bytes.size());
    CHECK_FALSE(pair.link->has_ended());
  }
  Pair pair;
  Received sink;
  sink.memory = 100, sink.is_frame_missed = true;
  pair.say(bytes);
  pair.link->pull(sink);
  CHECK(pair.link->reason() == "there was not enough memory for what it sent");
}

TEST_CASE("no more than the window is on its way") {
  Pair pair(100);
  const std::string text(250, 'x');
  const auto part = std::as_bytes(std::span(text));
  const auto keeps = std::make_shared<int>(1);
  pair.link->send(std::span(&part, 1), keeps);
  CHECK(pair.read().size() == 100);
  pair.link->push();
  CHECK(pair.read().empty());
  CHECK(pair.link->has_queue());
  CHECK_FALSE(pair.link->wants_write());
  CHECK(pair.counters->starved);
  CHECK(keeps.use_count() == 2);
  pair.counters->acknowledged = 100;
  pair.link->push();
  CHECK(pair.read().size() == 100);
  pair.counters->acknowledged = 150;
  pair.link->push();
  CHECK(pair.read().size() == 50);
  pair.counters->acknowledged = 250;
  pair.link->push();
  CHECK(pair.read().size() == 32);
  CHECK_FALSE(pair.link->has_queue());
  CHECK(keeps.use_count() == 1);
}

TEST_CASE("a goodbye comes after all frames and tells the last run") {
  Pair pair;
  const std::string text = "last";
  const auto part = std::as_bytes(std::span(text));
  pair.link->send(std::span(&part, 1), nullptr);
  pair.link->goodbye(3);
  const std::string sent = pair.read();
  Pair back;
  Received sink;
  back.say(std::as_bytes(std::span(sent)));
  back.link->pull(sink);
  CHECK(sink.frames == std::vector<std::string>{"last"});
  CHECK(back.link->has_left());
  CHECK(back.link->last_run() == 3);
}
