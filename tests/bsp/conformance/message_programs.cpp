#include <map>
#include <optional>
#include <utility>

#include "bsp/conformance/programs.hpp"

namespace conformance {
namespace {

using namespace scalar;
using bsp::Mailbox;
using bsp::Peer;
using bsp::Task;

struct Message {
  std::uint64_t number;
  std::uint32_t from, step;
};

template <class T>
void log_received(const Mailbox<T>& box, Log& log) {
  log.add(box.runs().size());
  for (const bsp::Run<T>& run : box.runs()) {
    log.add(run.source), log.add(run.values.size());
    for (const T& value : run.values) log.add(value);
  }
}

void send_some(Mailbox<Message>& box, Peer& peer, std::uint64_t step) {
  const auto rank = static_cast<std::uint64_t>(peer.rank());
  for (int to = 0; to < peer.size(); ++to)
    for (std::uint64_t k = 0; k < mixed(rank, step, static_cast<std::uint64_t>(to)) % 5; ++k)
      box.send(to, {mixed(rank, step, k), static_cast<std::uint32_t>(rank), static_cast<std::uint32_t>(step)});
}

Task<> structs(Peer& peer, Log& log) {
  auto box = peer.mailbox<Message>();
  for (std::uint64_t step = 0; step < 6; ++step) {
    send_some(box, peer, step);
    co_await peer.sync();
    log_received(box, log);
  }
}

Task<> odd_sizes(Peer& peer, Log& log) {
  struct Seven {
    unsigned char bytes[7];
  };
  auto sevens = peer.mailbox<Seven>();
  auto chars = peer.mailbox<char>();
  auto wide = peer.mailbox<std::uint64_t>();
  for (int step = 0; step < 4; ++step) {
    for (int to = 0; to < peer.size(); ++to) {
      const auto seed = static_cast<unsigned char>(peer.rank() * 16 + step + to);
      for (int k = 0; k <= (to + step) % 4; ++k)
        sevens.send(to, {{seed, 1, 2, 3, 4, 5, static_cast<unsigned char>(k)}});
      if ((to + step) % 3 == 0) chars.send(to, static_cast<char>('a' + step));
      if ((to + step) % 2 == 0) wide.send(to, seed);
    }
    co_await peer.sync();
    log_received(sevens, log), log_received(chars, log), log_received(wide, log);
  }
}

Task<> strings(Peer& peer, Log& log) {
  auto box = peer.mailbox<std::string>();
  for (int step = 0; step < 5; ++step) {
    for (int to = 0; to < peer.size(); ++to)
      for (int k = 0; k < (to + step) % 3; ++k)
        box.emplace(to, static_cast<std::size_t>((to * 37 + k * 1000 + step) % 2000),
                    static_cast<char>('a' + peer.rank()));
    co_await peer.sync();
    log_received(box, log);
  }
}

using Nested = std::vector<std::vector<std::string>>;

Task<> nested_vectors(Peer& peer, Log& log) {
  auto box = peer.mailbox<Nested>();
  for (int step = 0; step < 4; ++step) {
    for (int k = 0; k <= step; ++k) {
      Nested message(static_cast<std::size_t>(k));
      for (std::size_t i = 0; i < message.size(); ++i) message[i].assign(i + 1, std::string(i * 10, 'x'));
      box.send(peer.right(), message);
      box.send((peer.rank() + step) % peer.size(), std::move(message));
    }
    co_await peer.sync();
    log_received(box, log);
  }
}

struct Record {
  std::map<std::string, std::vector<double>> table;
};

}  // namespace
}  // namespace conformance

template <>
struct scalar::bsp::Serializer<conformance::Record> {
  static constexpr bool available = true;
  static void write(const conformance::Record& record, std::vector<std::byte>& to) {
    Serializer<decltype(record.table)>::write(record.table, to);
  }
  static void read(std::span<const std::byte>& from, conformance::Record& record) {
    Serializer<decltype(record.table)>::read(from, record.table);
  }
};

namespace conformance {
namespace {

Task<> own_serializer(Peer& peer, Log& log) {
  auto box = peer.mailbox<Record>();
  for (int step = 0; step < 3; ++step) {
    Record record;
    for (int k = 0; k < step + 1; ++k)
      record.table["key " + std::to_string(k)].assign(static_cast<std::size_t>(k),
                                                      rough(static_cast<std::uint64_t>(peer.rank())));
    box.send(peer.left(), std::move(record));
    co_await peer.sync();
    for (const Record& seen : box.received())
      for (const auto& [key, values] : seen.table) log.add(key), log.add(values);
  }
}

/// Who makes its mailbox late gets what was sent in the superstep before, and nothing older.
Task<> late_mailbox(Peer& peer, Log& log) {
  std::optional<Mailbox<Message>> box;
  for (std::uint64_t step = 0; step < 6; ++step) {
    if (!box && step == static_cast<std::uint64_t>(peer.rank() % 4)) {
      box.emplace(peer);
      log_received(*box, log);
    }
    if (box) send_some(*box, peer, step);
    co_await peer.sync();
    if (box) log_received(*box, log);
  }
}

Task<> short_lived_mailbox(Peer& peer, Log& log) {
  for (std::uint64_t step = 0; step < 4; ++step) {
    {
      auto box = peer.mailbox<Message>();
      send_some(box, peer, step);
    }
    auto other = peer.mailbox<std::string>();
    other.emplace(peer.left(), "step " + std::to_string(step));
    co_await peer.sync();
    log_received(other, log);
  }
  // What one of another lifetime reads.
  auto last = peer.mailbox<Message>();
  {
    auto brief = peer.mailbox<Message>();
    send_some(brief, peer, 17);
    send_some(last, peer, 18);
  }
  co_await peer.sync();
  log_received(last, log);
}

Task<> returned_receivers(Peer& peer, Log& log) {
  auto box = peer.mailbox<Message>();
  auto texts = peer.mailbox<std::string>();
  for (std::uint64_t step = 0; step < 2 + static_cast<std::uint64_t>(peer.rank()) % 5; ++step) {
    send_some(box, peer, step);
    for (int to = 0; to < peer.size(); ++to) texts.emplace(to, "to " + std::to_string(to));
    co_await peer.sync();
    log_received(box, log), log_received(texts, log);
  }
}

/// Some processes have only peers that return at once.
Task<> idle_first_half(Peer& peer, Log& log) {
  if (peer.rank() < peer.size() / 2) co_return;
  auto box = peer.mailbox<std::uint64_t>();
  for (int step = 0; step < 5; ++step) {
    for (int to = 0; to < peer.size(); ++to) box.send(to, mixed(static_cast<std::uint64_t>(step)));
    co_await peer.sync();
    log_received(box, log);
  }
}

Task<> empty_spans(Peer& peer, Log& log) {
  auto numbers = peer.mailbox<std::uint64_t>();
  auto texts = peer.mailbox<std::string>();
  for (int step = 0; step < 3; ++step) {
    for (int to = 0; to < peer.size(); ++to) {
      numbers.send(to, std::span<const std::uint64_t>());
      if ((to + step) % 2 == 0) texts.emplace(to);
    }
    co_await peer.sync();
    log_received(numbers, log), log_received(texts, log);
  }
}

void fill(std::vector<std::uint64_t>& values, std::uint64_t seed) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = seed + i * 0x9e3779b97f4a7c15u;
}

/// 64 MiB from one end to the other, and something large and odd the other way.
Task<> large(Peer& peer, Log& log) {
  auto box = peer.mailbox<std::uint64_t>();
  auto texts = peer.mailbox<std::string>();
  const int last = peer.size() - 1;
  for (int step = 0; step < 2; ++step) {
    if (peer.rank() == step * last) {
      std::vector<std::uint64_t> values((std::size_t{64} << 20) / sizeof(std::uint64_t));
      fill(values, static_cast<std::uint64_t>(step));
      box.send(last - peer.rank(), values);
      texts.emplace(last - peer.rank(), std::size_t{3'000'001}, 'z');
    } else {
      box.send(last, 1), texts.emplace(0, std::size_t{100'003}, 'y');
    }
    co_await peer.sync();
    for (const auto& run : box.runs()) log.add(run.source), log.add_bytes(std::as_bytes(run.values));
    log_received(texts, log);
  }
}

/// Frames of every size about the limits of a transport.
Task<> growing(Peer& peer, Log& log) {
  auto box = peer.mailbox<char>();
  std::vector<char> bytes;
  for (std::size_t size = 1; size < 300'000; size = size * 2 + static_cast<std::size_t>(peer.superstep() % 3)) {
    bytes.assign(size, static_cast<char>(size % 97));
    box.send(peer.right(), bytes);
    if (peer.rank() % 2 == 0) box.send(peer.left(), std::span(bytes).first(size / 2));
    co_await peer.sync();
    for (const auto& run : box.runs()) log.add(run.source), log.add_bytes(std::as_bytes(run.values));
  }
}

Task<> many_supersteps(Peer& peer, Log& log) {
  auto ring = peer.mailbox<std::uint64_t>();
  std::uint64_t carried = mixed(static_cast<std::uint64_t>(peer.rank()));
  for (std::uint64_t step = 0; step < 150; ++step) {
    ring.send(peer.right(), carried);
    co_await peer.sync();
    for (const std::uint64_t value : ring.received()) carried = mixed(value, step);
  }
  log.add(carried);
}

Task<> in_order(Peer& peer, Log& log) {
  constexpr auto few = [](const Message& a, const Message& b) {
    return a.number % 3 < b.number % 3;
  };  // many are equal
  auto box = peer.mailbox<Message>();
  auto texts = peer.mailbox<std::string>();
  for (std::uint64_t step = 0; step < 5; ++step) {
    send_some(box, peer, step);
    for (std::uint64_t k = 0; k < 20; ++k)
      texts.emplace(peer.right(), std::to_string(mixed(static_cast<std::uint64_t>(peer.rank()), step, k) % 100));
    co_await peer.sync();
    for (const Message& message : bsp::sorted(box, few, 3 * sizeof(Message))) log.add(message);
    for (const std::string& text : bsp::sorted(texts)) log.add(text);
  }
}

Task<std::uint64_t> sum_of_neighbors(Peer& peer, std::uint64_t value) {
  auto box = peer.mailbox<std::uint64_t>();
  box.send(peer.left(), value), box.send(peer.right(), value * 3);
  co_await peer.sync();
  std::uint64_t sum = 0;
  for (const std::uint64_t seen : box.received()) sum = sum * 31 + seen;
  co_return sum;
}

Task<std::uint64_t> repeated(Peer& peer, std::uint64_t value, int depth) {
  if (depth == 0) co_return value;
  const std::uint64_t sum = co_await sum_of_neighbors(peer, value);
  const std::uint64_t total = co_await all_reduce(peer, sum, std::plus{});
  const std::uint64_t deeper = co_await repeated(peer, total ^ sum, depth - 1);
  co_return deeper + sum;
}

Task<> helpers(Peer& peer, Log& log) {
  const std::uint64_t value = co_await repeated(peer, static_cast<std::uint64_t>(peer.rank()) + 1, 5);
  log.add(value);
}

}  // namespace

std::vector<Program> message_programs() {
  return {{"structs", up_to(17), structs},
          {"odd sizes", {1, 2, 3, 5, 8, 17}, odd_sizes},
          {"strings", {1, 2, 3, 4, 7, 17}, strings},
          {"nested vectors", {1, 2, 5, 12}, nested_vectors},
          {"a serializer of its own", {2, 4, 6}, own_serializer},
          {"late mailbox", {1, 2, 4, 9, 17}, late_mailbox},
          {"short-lived mailbox", {1, 2, 3, 4, 10}, short_lived_mailbox},
          {"returned receivers", {1, 2, 4, 7, 17}, returned_receivers},
          {"idle first half", {2, 4, 5, 9, 16}, idle_first_half},
          {"empty spans", {1, 2, 4, 6}, empty_spans},
          {"large", {2, 4}, large},
          {"growing", {1, 2, 3, 8}, growing},
          {"in order", {1, 2, 5, 9}, in_order},
          {"many supersteps", {1, 4, 9}, many_supersteps},
          {"many peers", {1000}, many_supersteps},
          {"helpers", {1, 2, 4, 8, 13}, helpers}};
}

}  // namespace conformance
