#include "scalar/bsp/async/clock_log.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/fail.hpp"
#include "scalar/bsp/async/stale_clock.hpp"
#include "scalar/bsp/serialize.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp {
namespace {

using detail::ClockPart;
using detail::ClockTrack;

constexpr std::string_view magic = "sclklog1";  // the last byte is the version
constexpr std::size_t head_bytes = 16, hash_bytes = sizeof(Hash128);

template <class T>
void write(const T& value, std::vector<std::byte>& out) {
  Serializer<T>::write(value, out);
}
template <class T>
void read(std::span<const std::byte>& in, T& value) {
  Serializer<T>::read(in, value);
}

/// The least size of a part and of a track: a count is checked against the bytes that are left.
constexpr std::size_t least_part_bytes = 32, least_track_bytes = 17;

std::vector<std::byte> content_of(std::int32_t peers, std::int32_t staleness, const std::vector<ClockPart>& parts) {
  std::vector<std::byte> out;
  write(peers, out), write(staleness, out);
  detail::put_count(parts.size(), out);
  for (const ClockPart& part : parts) {
    write(part.first, out), write(part.tables, out), write(part.order, out);
    detail::put_count(part.tracks.size(), out);
    for (const ClockTrack& track : part.tracks) {
      write(static_cast<std::uint8_t>(track.has_come + 2 * track.has_left), out);
      write(track.pushed, out), write(track.seen, out);
    }
  }
  return out;
}

ClockTrack read_track(std::span<const std::byte>& in) {
  ClockTrack track;
  std::uint8_t flags = 0;
  read(in, flags), read(in, track.pushed), read(in, track.seen);
  track.has_come = (flags & 1) != 0, track.has_left = (flags & 2) != 0;
  return track;
}

std::vector<ClockPart> read_parts(std::span<const std::byte>& in) {
  std::vector<ClockPart> parts(detail::take_count<ClockPart>(in, least_part_bytes));
  for (ClockPart& part : parts) {
    read(in, part.first), read(in, part.tables), read(in, part.order);
    part.tracks.resize(detail::take_count<ClockTrack>(in, least_track_bytes));
    for (ClockTrack& track : part.tracks) track = read_track(in);
  }
  return parts;
}

/// What is wrong with a track; empty when a run can have recorded it.
std::string fault_of(const ClockTrack& track, int staleness, std::uint64_t updates) {
  if (!track.has_come && (track.has_left || !track.pushed.empty())) return "it ticks without a clock";
  if (track.pushed.size() - track.seen.size() > (track.has_left ? 0u : 1u))
    return fmt::format("it ticks {} times and sees {} versions", track.pushed.size(), track.seen.size());
  const auto back = staleness == unbounded ? ~std::uint64_t{0} : static_cast<std::uint64_t>(staleness);
  std::uint64_t before = 0;
  for (std::uint64_t tick = 1; tick <= track.seen.size(); ++tick) {
    const std::uint64_t seen = track.seen[tick - 1], most = staleness == unbounded ? updates : tick;
    if (seen < before || seen > most || (seen < tick && tick - seen > back))
      return fmt::format("at tick {} it sees version {}, after {}", tick, seen, before);
    before = seen;
  }
  return {};
}

[[noreturn]] void throw_file(std::string_view what, const std::string& path, int error) {
  fail(error == ENOENT ? Errc::not_found : Errc::io, path, "{}: {}", what, std::generic_category().message(error));
}

}  // namespace

const ClockPart* ClockLog::part(int rank) const noexcept {
  for (const ClockPart& part : parts_)
    if (static_cast<std::uint64_t>(rank) - part.first < part.tracks.size()) return &part;
  return nullptr;
}

std::span<const std::uint64_t> ClockLog::versions(int rank) const noexcept {
  const ClockPart* const here = part(rank);
  if (here == nullptr) return {};
  return here->tracks[static_cast<std::uint64_t>(rank) - here->first].seen;
}

void ClockLog::add(const ClockLog& other) {
  if (peers_ == 0) {
    peers_ = other.peers_, staleness_ = other.staleness_, parts_ = other.parts_;
    return;
  }
  if (peers_ != other.peers_ || staleness_ != other.staleness_)
    fail(Errc::invalid_argument, "clock log", "a log of {} peers with staleness {}, expected {} with {}", other.peers_,
         other.staleness_, peers_, staleness_);
  for (const ClockPart& theirs : other.parts_)
    for (std::uint64_t rank = theirs.first; rank < theirs.first + theirs.tracks.size(); ++rank)
      if (part(static_cast<int>(rank)) != nullptr)
        fail(Errc::already_exists, "clock log", "peer {} is in both logs", rank);
  parts_.insert(parts_.end(), other.parts_.begin(), other.parts_.end());
  std::sort(parts_.begin(), parts_.end(), [](const ClockPart& a, const ClockPart& b) { return a.first < b.first; });
}

std::vector<std::byte> ClockLog::bytes() const {
  const std::vector<std::byte> content = content_of(peers_, staleness_, parts_);
  const std::uint64_t length = content.size();
  std::vector<std::byte> out(head_bytes + content.size());
  std::memcpy(out.data(), magic.data(), magic.size());
  std::memcpy(out.data() + magic.size(), &length, sizeof length);
  std::copy(content.begin(), content.end(), out.begin() + head_bytes);
  const Hash128 hash = hash128(out);
  detail::put(&hash, sizeof hash, out);
  return out;
}

ClockLog ClockLog::from(std::span<const std::byte> bytes, const std::string& context) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string_view family = magic.substr(0, magic.size() - 1);
  if (!family.starts_with(text.substr(0, family.size())))
    fail(Errc::corrupt, context, "this is no clock log: it does not begin with \"{}\"", family);
  if (bytes.size() < head_bytes + hash_bytes)
    fail(Errc::corrupt, context, "it is cut short: it has {} bytes, expected at least {}", bytes.size(),
         head_bytes + hash_bytes);
  if (!text.starts_with(magic)) {
    const auto version = static_cast<unsigned char>(text[magic.size() - 1]);
    fail(Errc::unsupported, context, "its version is byte {}, expected {}", version, static_cast<int>(magic.back()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data() + magic.size(), sizeof length);
  const std::uint64_t there = bytes.size() - head_bytes - hash_bytes;
  if (length != there)
    fail(Errc::corrupt, context, "{}: the content has {} bytes, expected {}",
         length > there ? "it is cut short" : "bytes are left over", there, length);
  const Hash128 expected = hash128(bytes.first(head_bytes + length));
  if (std::memcmp(bytes.data() + head_bytes + length, &expected, hash_bytes) != 0)
    fail(Errc::corrupt, context, "its checksum is not that of its content");
  ClockLog log;
  std::span<const std::byte> in = bytes.subspan(head_bytes, length);
  try {
    std::int32_t peers = 0, staleness = 0;
    read(in, peers), read(in, staleness);
    log.peers_ = peers, log.staleness_ = staleness, log.parts_ = read_parts(in);
  } catch (const Error& error) {
    fail(Errc::corrupt, context, "{}", error.message());
  }
  if (!in.empty()) fail(Errc::corrupt, context, "{} bytes are left over", in.size());
  log.check(context);
  return log;
}

/// Checks the content, since a file with a right checksum may still hold nonsense.
void ClockLog::check(const std::string& context) const {
  if (peers_ < 0 || staleness_ < 0 || (peers_ == 0 && !parts_.empty()))
    fail(Errc::corrupt, context, "{} peers with staleness {}", peers_, staleness_);
  std::uint64_t next = 0;
  for (const ClockPart& part : parts_) {
    const auto peers = static_cast<std::uint64_t>(peers_);
    if (part.first < next || part.first > peers || part.tracks.size() > peers - part.first)
      fail(Errc::corrupt, context, "{} peers from {} on, of {}", part.tracks.size(), part.first, peers_);
    next = part.first + part.tracks.size();
    for (const std::uint32_t rank : part.order)
      if (rank >= peers || staleness_ != unbounded) fail(Errc::corrupt, context, "an update of peer {}", rank);
    for (std::size_t i = 0; i < part.tracks.size(); ++i)
      if (const std::string fault = fault_of(part.tracks[i], staleness_, part.order.size()); !fault.empty())
        fail(Errc::corrupt, context, "peer {}: {}", part.first + i, fault);
  }
}

void ClockLog::save(const std::string& path) const {
  const std::vector<std::byte> all = bytes();
  const std::string aside = path + ".tmp";
  errno = 0;
  std::ofstream file(aside, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(all.data()), static_cast<std::streamsize>(all.size()));
  file.close();
  if (!file || std::rename(aside.c_str(), path.c_str()) != 0) {
    const int error = errno == 0 ? EIO : errno;
    std::remove(aside.c_str());
    fail(Errc::io, path, "cannot write the clock log: {}", std::generic_category().message(error));
  }
}

ClockLog ClockLog::load(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_file("cannot open the clock log", path, errno);
  std::ostringstream text;
  // Not for an empty file: to copy nothing sets failbit.
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad() || text.bad() || text.fail()) throw_file("cannot read the clock log", path, errno == 0 ? EIO : errno);
  return from(std::as_bytes(std::span(text.view())), path);
}

ClockPart& ClockLog::begin(int peers, int staleness, int first, int local) {
  int nobody = 0;
  if (!uses_.count.compare_exchange_strong(nobody, detail::ClockLogUses::recording))
    fail(Errc::invalid_argument, "clock log", "{}; each needs one of its own",
         nobody < 0 ? "another clock records into this log" : "a clock replays this log");
  peers_ = peers, staleness_ = staleness;
  parts_.assign(1,
                {static_cast<std::uint64_t>(first), {}, {}, std::vector<ClockTrack>(static_cast<std::size_t>(local))});
  return parts_.front();
}

void ClockLog::end() noexcept { uses_.count.store(0); }

std::shared_ptr<const void> ClockLog::keep() const {
  int uses = uses_.count.load();
  do {
    if (uses < 0)
      fail(Errc::invalid_argument, "clock log", "a clock records into this log, which cannot be replayed yet");
  } while (!uses_.count.compare_exchange_weak(uses, uses + 1));
  return {this, [](const void* log) { static_cast<const ClockLog*>(log)->uses_.count.fetch_sub(1); }};
}

}  // namespace scalar::inline v0::bsp
