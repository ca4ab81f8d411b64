#include "bsp/world/wire.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "bsp/world/error_text.hpp"
#include "bsp/world/memory_error.hpp"
#include "bsp/world/processes_change.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

constexpr std::byte zeros[Buffer::alignment]{};

constexpr std::uint64_t rounded_up(std::uint64_t bytes, std::uint64_t alignment) noexcept {
  return (bytes + alignment - 1) / alignment * alignment;
}

constexpr std::string_view frame_context = "bsp barrier frame";  // of errors

void check_field(std::string_view field, std::uint64_t value, std::uint64_t most) {
  if (value > most) fail(Errc::parse, frame_context, "{} is {}, expected at most {}", field, value, most);
}

}  // namespace

BarrierFrame BarrierFrame::decode(std::span<std::byte> bytes) {
  BarrierFrame frame;
  BarrierHead& head = frame.head;
  if (bytes.size() < sizeof head) fail(Errc::parse, frame_context, "it has {} bytes", bytes.size());
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.bytes != bytes.size())
    fail(Errc::parse, frame_context, "its length is {}, but {} bytes have come", head.bytes, bytes.size());
  std::uint64_t at = sizeof head;
  const auto take = [&](std::string_view field, std::uint64_t count, std::uint64_t size) {
    check_field(field, count, size == 0 ? count : (bytes.size() - at) / size);
    return bytes.subspan(std::exchange(at, at + count * size), count * size);
  };
  const auto text = [&](std::string_view field, std::uint64_t count) {
    const std::span<std::byte> part = take(field, count, 1);
    return std::string_view(reinterpret_cast<const char*>(part.data()), part.size());
  };
  check_field("value bytes", head.value_bytes, 4096);
  check_field("gone peers", head.gone, head.local);
  if (head.collective != 0) frame.values = take("values", head.local, head.value_bytes);
  frame.name = text("collective's name", head.name_bytes);
  frame.odd_name = text("other collective's name", head.odd_name_bytes);
  frame.error = text("error text", head.error_bytes);
  at = rounded_up(at, alignof(SegmentEntry));
  check_field("header", at, bytes.size());
  const std::span<std::byte> table = take("segments", head.segments, sizeof(SegmentEntry));
  frame.segments = {reinterpret_cast<const SegmentEntry*>(table.data()), head.segments};
  for (const SegmentEntry& entry : frame.segments) {
    check_field("a segment's offset", entry.offset, bytes.size());
    check_field("a segment's length", entry.bytes, bytes.size() - entry.offset);
  }
  frame.bytes = bytes;
  return frame;
}

/// Builds the frame for one process.
struct Wire::Outgoing final : Outbox {
  std::vector<std::byte> head;
  std::vector<SegmentEntry> table;
  std::vector<std::span<const std::byte>> parts;  // of the frame; `finish` puts the head first
  std::uint64_t data_bytes = 0;
  std::int64_t channel = 0;
  std::uint64_t type = 0;

  void clear() {
    table.clear();
    parts.assign(1, {});
    data_bytes = 0;
  }
  void add(int source, int destination, std::uint64_t count, std::span<const std::byte> bytes,
           std::size_t alignment) override {
    const std::uint64_t offset = rounded_up(data_bytes, std::clamp<std::size_t>(alignment, 16, Buffer::alignment));
    if (offset != data_bytes) parts.push_back(std::span(zeros).first(offset - data_bytes));
    parts.push_back(bytes);
    data_bytes = offset + bytes.size();
    table.push_back({channel, type, count, offset, bytes.size(), source, destination});
  }
  /// Memory used by the lists of segments and parts. The messages themselves are not copied.
  std::uint64_t bytes() const noexcept { return std::span(table).size_bytes() + std::span(parts).size_bytes(); }
  void finish(BarrierHead what, std::span<const std::byte> values, std::string_view name, std::string_view odd_name,
              std::string_view error) {
    const std::uint64_t texts = sizeof what + values.size() + name.size() + odd_name.size() + error.size();
    const std::uint64_t table_at = rounded_up(texts, alignof(SegmentEntry));
    const std::uint64_t data_at = rounded_up(table_at + table.size() * sizeof(SegmentEntry), Buffer::alignment);
    for (SegmentEntry& entry : table) entry.offset += data_at;
    what.segments = table.size();
    what.name_bytes = static_cast<std::uint32_t>(name.size());
    what.odd_name_bytes = static_cast<std::uint32_t>(odd_name.size());
    what.error_bytes = static_cast<std::uint32_t>(error.size());
    what.bytes = data_at + data_bytes;
    head.assign(data_at, std::byte{0});
    std::byte* to = head.data();
    const auto put = [&](const void* from, std::size_t bytes) {
      if (bytes != 0) std::memcpy(to, from, bytes);
      to += bytes;
    };
    put(&what, sizeof what), put(values.data(), values.size()), put(name.data(), name.size());
    put(odd_name.data(), odd_name.size()), put(error.data(), error.size());
    to = head.data() + table_at;
    put(table.data(), table.size() * sizeof(SegmentEntry));
    parts.front() = head;
  }
};

namespace {

/// Adds each segment to the frame for its destination's process.
template <class Links>
class Sorter final : public Outbox {
 public:
  Sorter(Links& links, const Placement& placement, unsigned parity)
      : links_(links), placement_(placement), parity_(parity) {}
  void add(int source, int destination, std::uint64_t count, std::span<const std::byte> bytes,
           std::size_t alignment) override {
    const int process = destination < 0 ? -1 : placement_.process_of(destination);
    for (auto& link : links_)
      if (!link.gone && !link.leaving && (process < 0 || link.process == process))
        link.out[parity_]->add(source, destination, count, bytes, alignment);
  }
  void begin(std::int64_t channel, std::uint64_t type) {
    for (auto& link : links_) link.out[parity_]->channel = channel, link.out[parity_]->type = type;
  }

 private:
  Links& links_;
  const Placement& placement_;
  unsigned parity_;
};

/// The messages that peer `rank` of another process has sent cannot be read.
struct BadMessages final : Error {
  BadMessages(int source, const Error& error) : Error(error), rank(source) {}
  int rank;
};

}  // namespace

Wire::Wire(Network& network, World& world, std::uint64_t id, Driver& driver, std::weak_ptr<const void> owner)
    : network_(network), world_(world), id_(id), driver_(driver), owner_(std::move(owner)) {
  const Placement& placement = world.placement();
  for (int process = 0; process < placement.processes(); ++process) {
    if (process == placement.here() || placement.count(process) == 0) continue;
    Link& link = links_.emplace_back();
    link.process = process;
    for (auto& out : link.out) out = std::make_unique<Outgoing>();
  }
  standings_.reserve(2 * links_.size() + 2);
}

Wire::~Wire() = default;

void Wire::open() {
  const auto hold = network_.lock();
  open_locked();
}

void Wire::close() noexcept {
  const auto hold = network_.lock();
  network_.remove(id_);
  for (Link& link : links_) {
    network_.recycle(std::move(link.current));
    link.current = {}, link.frame = {};
    link.frames.clear();
  }
}

bool Wire::depart(const Meeting& meeting) {
  meeting_ = meeting;
  std::exception_ptr exhausted;
  const auto note_exhausted = [&] {
    std::uint64_t bytes = value_bytes_;
    for (const Link& link : links_) bytes += link.out[world_.superstep() & 1]->bytes();
    exhausted = failure_of([&] { return memory_error("the frames of a superstep", bytes, network_.context()); });
  };
  try {
    encode(meeting);
  } catch (const std::bad_alloc&) {
    note_exhausted();
  }
  const auto hold = network_.lock();
  if (!exhausted && !network_.has_failed()) try {
      for (Link& link : links_)
        if (!link.gone) send(link);
    } catch (const std::bad_alloc&) {
      note_exhausted();
    }
  // Without a frame from this process the others would wait for ever: a smaller frame tells them of the failure.
  if (exhausted) network_.spread(world_.root_rank(world_.first()), exhausted);
  if (network_.has_failed()) {
    world_.conclude(true);
    return true;
  }
  departed_ = true;
  if (!is_complete()) return false;
  conclude();
  return true;
}

void Wire::encode(const Meeting& meeting) {
  const unsigned parity = world_.superstep() & 1;
  for (Link& link : links_)
    if (!link.gone) link.out[parity]->clear();  // the last frame to a process that has left may still be on its way
  try {
    if (!world_.has_failed()) world_.each_channel(&Wire::collect, this);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (...) {
    world_.fail(world_.first(), std::current_exception());
  }
  failed_ = world_.has_failed();
  value_bytes_ = 0;
  BarrierHead head{.envelope = {network_.run(), Envelope::frame_of_port, id_}, .superstep = world_.superstep()};
  head.peers = static_cast<std::uint32_t>(world_.size());
  head.local = static_cast<std::uint32_t>(world_.local());
  head.gone = meeting.gone;
  std::string error;
  if (failed_) {
    head.failed_rank = world_.failed_rank();
    error = to_text(world_.failure(), head.failed_rank, world_.failed_superstep(), head.failed_code);
  }
  std::vector<std::byte> values;
  std::string_view name, odd_name;
  head.first_gone = world_.is_gone(world_.first());
  if (world_.odd_ >= 0) {
    const Whereabouts odd = world_.whereabouts(world_.odd_);
    head.odd_rank = odd.rank, head.odd_gone = odd.gone, odd_name = odd.collective;
  }
  if (const Collective* collective = world_.collective(); collective != nullptr && !failed_) {
    const bool whole = world_.odd_ < 0;  // otherwise some values are missing, and none is needed
    head.collective = collective->id(), head.value_bytes = collective->value_bytes, name = collective->name;
    value_bytes_ = static_cast<std::size_t>(world_.local()) * collective->value_bytes;
    values.resize(value_bytes_);
    for (int i = 0; whole && i < world_.local(); ++i)
      std::memcpy(values.data() + static_cast<std::size_t>(i) * collective->value_bytes,
                  world_.fiber(world_.first() + i).value, collective->value_bytes);
  }
  for (Link& link : links_)
    if (!link.gone) link.out[parity]->finish(head, values, name, odd_name, error);
  own_head_ = head, own_name_ = name, own_odd_name_ = odd_name;
}

void Wire::collect(void* self, std::int64_t index, const std::type_info& message, ChannelBase& channel) {
  Wire& wire = *static_cast<Wire*>(self);
  Sorter sorter(wire.links_, wire.world_.placement(), wire.world_.superstep() & 1);
  sorter.begin(index, spelling_hash(message.name()));
  channel.collect(wire.world_.superstep(), sorter);
}

void Wire::send(Link& link) {
  std::shared_ptr<const void> keeps = owner_.lock();
  if (keeps == nullptr) keeps = shared_from_this();
  network_.send(link.process, link.out[world_.superstep() & 1]->parts, std::move(keeps));
}

void Wire::received(int process, Buffer frame) {
  const auto link = std::find_if(links_.begin(), links_.end(), [&](const Link& l) { return l.process == process; });
  if (link == links_.end()) fail(Errc::parse, frame_context, "no peer of this world lives there");
  const BarrierFrame checked = BarrierFrame::decode(frame.bytes());
  const Placement& placement = world_.placement();
  const std::uint64_t expected = world_.superstep() + link->frames.size();
  if (checked.head.superstep != expected)
    fail(Errc::parse, frame_context, "superstep is {}, expected {}", checked.head.superstep, expected);
  if (checked.head.peers != static_cast<std::uint32_t>(world_.size()))
    fail(Errc::parse, frame_context, "it is of a run of {} peers, but here are {}", checked.head.peers, world_.size());
  if (checked.head.local != static_cast<std::uint32_t>(placement.count(process)))
    fail(Errc::parse, frame_context, "it speaks for {} peers, expected {}", checked.head.local,
         placement.count(process));
  for (const SegmentEntry& entry : checked.segments) {
    check_field("a segment's source", static_cast<std::uint32_t>(entry.source - placement.first(process)),
                checked.head.local - 1);
    if (entry.destination != -1 && !world_.is_local(entry.destination))
      fail(Errc::parse, frame_context, "a segment's destination is {}, which lives elsewhere", entry.destination);
  }
  // A failure elsewhere is noted at once: peers of this process may be waiting outside the barrier, and for ever.
  if (checked.head.failed_rank >= 0 && !departed_ && checked.head.superstep == world_.superstep()) note_error(checked);
  link->frames.push_back(std::move(frame));
  if (!departed_ || !is_complete()) return;
  conclude();
  network_.complete(*this);
}

void Wire::cut() noexcept {
  if (!std::exchange(departed_, false)) return;
  world_.conclude(true);
  network_.complete(*this);
}

int Wire::awaited() {
  const auto hold = network_.lock();
  const auto late = [](const Link& link) { return !link.gone && link.frames.empty(); };
  const auto first = std::find_if(links_.begin(), links_.end(), late);
  return departed_ && first != links_.end() ? first->process : -1;
}

bool Wire::is_complete() const noexcept {
  return std::all_of(links_.begin(), links_.end(), [](const Link& link) { return link.gone || !link.frames.empty(); });
}

void Wire::conclude() noexcept {
  departed_ = false;
  take_frames();
  // Decided by the frames alone, so that all processes decide alike. A failure in this process since its frame left is
  // reported by its next frame.
  const bool failed = take_errors() || failed_ || !check_values() || !check_collectives();
  world_.conclude(failed);
  // The collective may have thrown in this process only, because of a full disk for example.
  if (!failed && world_.is_aborted() && !changes_processes(world_.failure()))
    network_.spread(world_.failed_rank(), world_.failure());
  if (!failed) deliver_segments();
  world_.sweep();
}

void Wire::take_frames() noexcept {
  gone_ = meeting_.gone;
  for (Link& link : links_) {
    if (link.gone) {
      link.frame = {};
      gone_ += static_cast<std::uint64_t>(world_.placement().count(link.process));
      continue;
    }
    network_.recycle(std::move(link.current));
    link.current = std::move(link.frames.front());
    link.frames.erase(link.frames.begin());
    link.frame = BarrierFrame::decode(link.current.bytes());
    gone_ += link.frame.head.gone;
    // The world of the run itself takes part in barriers to the end, to learn how the run ends.
    link.gone = link.leaving;
    link.leaving = &world_ != &world_.root() && link.frame.head.gone == link.frame.head.local;
  }
}

void Wire::note_error(const BarrierFrame& frame) noexcept {
  world_.root().fail_with(std::clamp(frame.head.failed_rank, 0, world_.root().size() - 1),
                          [&] { return from_text(frame.head.failed_code, frame.error); });
}

bool Wire::take_errors() noexcept {
  bool failed = false;
  for (const Link& link : links_) {
    const BarrierHead& head = link.frame.head;
    if (head.failed_rank < 0) continue;
    failed = true;
    note_error(link.frame);
  }
  return failed;
}

/// Every process must report the same value size for a collective. One that does not has sent a corrupt frame; the
/// other processes may not have received it, so they are told.
bool Wire::check_values() noexcept {
  for (const Link& link : links_) {
    const BarrierHead& head = link.frame.head;
    if (link.frame.bytes.empty() || head.collective != own_head_.collective ||
        head.value_bytes == own_head_.value_bytes)
      continue;
    const int rank = world_.root_rank(world_.placement().first(link.process));
    const std::exception_ptr error = failure_of([&] {
      return Error(Errc::parse,
                   fmt::format("process {} sent a bad frame: value bytes is {}, expected {}", link.process,
                               head.value_bytes, own_head_.value_bytes),
                   network_.context());
    });
    world_.root().note_failure(rank, error);
    network_.spread(rank, error);
    return false;
  }
  return true;
}

/// Checks that all peers are at the same collective. All processes compare the same heads in the same order, so all
/// report the same mistake: that of the lowest rank which is at another collective than peer 0.
bool Wire::check_collectives() noexcept {
  std::vector<Standing>& all = standings_;
  all.clear();
  const auto add = [&](const BarrierHead& head, int process, std::string_view name, std::string_view odd_name) {
    const int rank = world_.root_rank(world_.placement().first(process));
    all.push_back({head.collective, false, {rank, head.first_gone != 0, name}});
    if (head.odd_rank >= 0) all.push_back({0, true, {head.odd_rank, head.odd_gone != 0, odd_name}});
  };
  bool is_added = false;
  const auto add_own = [&] {
    if (!std::exchange(is_added, true)) add(own_head_, world_.placement().here(), own_name_, own_odd_name_);
  };
  for (const Link& link : links_) {
    if (link.process > world_.placement().here()) add_own();
    if (link.frame.bytes.empty()) {  // all its peers left long ago
      all.push_back({0, false, {world_.root_rank(world_.placement().first(link.process)), true, {}}});
    } else {
      add(link.frame.head, link.process, link.frame.name, link.frame.odd_name);
    }
  }
  add_own();
  for (const Standing& other : all) {
    if (other.collective == all.front().collective && !other.is_odd) continue;
    world_.root().fail_with(other.peer.rank, [&] { return world_.mismatch(all.front().peer, other.peer); });
    return false;
  }
  return true;
}

const void* Wire::value(int rank) const noexcept {
  const int process = world_.placement().process_of(rank);
  for (const Link& link : links_)
    if (link.process == process)
      return link.frame.values.data() +
             static_cast<std::size_t>(rank - world_.placement().first(process)) * link.frame.head.value_bytes;
  return nullptr;
}

void Wire::deliver_segments() noexcept {
  try {
    world_.each_channel(&Wire::deliver, this);
  } catch (const BadMessages& bad) {
    world_.fail_with(bad.rank, [&] { return Error(bad); });
  } catch (const std::bad_alloc&) {
    std::uint64_t bytes = 0;
    for (const Link& link : links_) bytes += link.frame.bytes.size();
    world_.fail_with(world_.first(),
                     [&] { return memory_error("messages from other processes", bytes, network_.context()); });
  } catch (...) {
    world_.fail(world_.first(), std::current_exception());  // ends the run at the next barrier
  }
}

void Wire::deliver(void* self, std::int64_t index, const std::type_info& message, ChannelBase& channel) {
  static_cast<Wire*>(self)->deliver_to(index, message, channel);
}

void Wire::deliver_to(std::int64_t index, const std::type_info& message, ChannelBase& channel) {
  for (const Link& link : links_)
    for (const SegmentEntry& entry : link.frame.segments) {
      if (entry.channel != index) continue;
      if (entry.type != spelling_hash(message.name()))
        fail(Errc::type_mismatch, network_.context(),
             "mailbox {} has other messages here than on peer {}; all peers make theirs in the same order", index,
             world_.root_rank(entry.source));
      try {
        channel.deliver(link.frame.head.superstep, {entry.source, entry.destination, entry.count,
                                                    link.frame.bytes.subspan(entry.offset, entry.bytes)});
      } catch (const Error& error) {
        throw BadMessages(
            entry.source,
            Error(error.code(), fmt::format("process {} sent a bad frame: {}", link.process, error.what()),
                  network_.context()));
      }
    }
}

}  // namespace scalar::inline v0::bsp::detail
