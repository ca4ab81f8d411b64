#include "scalar/core/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0 {
namespace {

constexpr std::string_view magic = "scljrnl1";  // the last byte is the version
constexpr std::size_t head_bytes = 16;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void put(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}
std::uint64_t get(std::string_view in, int bytes) {
  std::uint64_t number = 0;
  for (int i = 0; i < bytes; ++i)
    number |= std::uint64_t{static_cast<unsigned char>(in[static_cast<std::size_t>(i)])} << (8 * i);
  return number;
}

}  // namespace

struct Journal::Impl {
  std::string path;
  JournalOptions options;
  int file = -1;
  std::uint64_t end = 0;  // where the next record goes
  std::uint64_t dropped = 0;
  bool has_remains = false;  // a failed append left bytes behind `end`, and they could not be removed
  std::vector<std::string> records;

  Impl(std::string where, const JournalOptions& given) : path(std::move(where)), options(given) {
    file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) fail_io("cannot open");
    try {
      if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) fail(Errc::unavailable, path, "another process or handle has this journal open");
        fail_io("cannot lock");
      }
      load();
    } catch (...) {
      ::close(file);
      throw;
    }
  }
  Impl(const Impl&) = delete;
  ~Impl() { ::close(file); }

  [[noreturn]] void fail_io(std::string_view what) const {
    fail(Errc::io, path, "{}: {}", what, std::generic_category().message(errno));
  }

  /// Reads up to `size` bytes at `offset`; fewer only at the end of the file.
  std::string read(std::uint64_t offset, std::uint64_t size) const {
    std::string text(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(file, text.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_io("cannot read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    text.resize(done);
    return text;
  }

  void write(std::uint64_t offset, std::string_view text) const {
    while (!text.empty()) {
      const ssize_t put = ::pwrite(file, text.data(), text.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail_io("cannot write");
      text.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
  }

  void load() {
    struct stat info {};
    if (::fstat(file, &info) != 0) fail_io("cannot stat");
    const auto size = static_cast<std::uint64_t>(info.st_size);
    const std::string head = read(0, magic.size());
    const std::string_view family = magic.substr(0, magic.size() - 1);
    if (!head.starts_with(family.substr(0, head.size())))
      fail(Errc::corrupt, path, "this is no journal: it does not begin with \"{}\"", magic);
    if (head.size() < magic.size()) {  // a new file, or one cut off within the magic
      write(0, magic);
      end = magic.size();
      return;
    }
    if (head != magic)
      fail(Errc::unsupported, path, "the journal's version is {}, this Scalar reads version {}",
           quoted(head.substr(family.size())), quoted(magic.substr(family.size())));
    end = magic.size();
    while (end < size && load_record(size)) {
    }
    dropped = size - end;
    if (dropped != 0 && ::ftruncate(file, static_cast<off_t>(end)) != 0) fail_io("cannot truncate");
  }

  /// Reads the record at `end`; false if the end of the file cuts it off.
  bool load_record(std::uint64_t size) {
    if (size - end < head_bytes) return false;
    const std::string head = read(end, head_bytes);
    // Zeros to the end: the file system allocated blocks that were never written.
    if (head == std::string(head_bytes, '\0') && is_zero_from(end, size)) return false;
    const std::uint64_t length = get(head, 8);
    if (get(std::string_view(head).substr(8), 4) != crc32c(bytes_of(std::string_view(head).substr(0, 8))))
      fail(Errc::corrupt, path, "the length of the record at byte {} has a wrong checksum", end);
    if (length > size - end - head_bytes) return false;
    std::string payload = read(end + head_bytes, length);
    if (get(std::string_view(head).substr(12), 4) != crc32c(bytes_of(payload))) {
      // A crash may have left the last record's length on disk without all of its payload.
      if (end + head_bytes + length == size) return false;
      fail(Errc::corrupt, path, "the record at byte {} has a wrong checksum", end);
    }
    records.push_back(std::move(payload));
    end += head_bytes + length;
    return true;
  }

  bool is_zero_from(std::uint64_t from, std::uint64_t to) const {
    for (; from < to; from += 1 << 16)
      if (read(from, (std::min<std::uint64_t>)(to - from, 1 << 16)).find_first_not_of('\0') != std::string::npos)
        return false;
    return true;
  }

  void append(std::string_view record) {
    if (record.size() > options.max_record_bytes)
      fail(Errc::too_large, path, "a record of {} bytes is beyond the limit", record.size());
    // A record that is written over the beginning of those bytes would leave their end in the middle of the journal.
    if (has_remains)
      fail(Errc::io, path,
           "an earlier append failed and what it had written could not be removed; open the journal anew");
    std::string frame;
    frame.reserve(head_bytes + record.size());
    put(frame, record.size(), 8);
    put(frame, crc32c(bytes_of(frame)), 4);
    put(frame, crc32c(bytes_of(record)), 4);
    frame += record;
    try {
      write(end, frame);
      if (options.sync && ::fdatasync(file) != 0) fail_io("cannot sync");
    } catch (...) {
      has_remains = ::ftruncate(file, static_cast<off_t>(end)) != 0;
      throw;
    }
    end += frame.size();
  }
};

Journal::Journal(std::string path, const JournalOptions& options)
    : impl_(std::make_unique<Impl>(std::move(path), options)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

const std::vector<std::string>& Journal::records() const noexcept { return impl_->records; }
std::uint64_t Journal::dropped_bytes() const noexcept { return impl_->dropped; }
void Journal::append(std::string_view record) { impl_->append(record); }

}  // namespace scalar::inline v0
