#include "bsp/checkpoints/checkpoint_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_io(const std::string& what, const std::string& path) {
  fail(Errc::io, path, "{}: {}", what, std::system_category().message(errno));
}

CheckpointWriter::CheckpointWriter(std::string path) : path_(std::move(path)), temporary_(path_ + ".tmp") {
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file_ < 0) throw_io("cannot create the file", temporary_);
}

CheckpointWriter::~CheckpointWriter() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void CheckpointWriter::write(std::span<const std::byte> bytes) {
  hasher_.add(bytes);
  put(bytes);
}

void CheckpointWriter::finish() {
  const Hash128 hash = hasher_.digest();
  put(std::as_bytes(std::span(&hash, 1)));
  if (::fsync(file_) != 0) throw_io("cannot write the file to disk", temporary_);
  if (::close(std::exchange(file_, -1)) != 0) throw_io("cannot close the file", temporary_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    if (errno != ENOENT) throw_io("cannot rename the file", path_);
    // The processes that go on without this one remove unfinished files before they begin.
    fail(Errc::aborted, path_, "this process was given up: others have removed the file before it got its name");
  }
  temporary_.clear();
}

void CheckpointWriter::put(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file_, bytes.data(), (std::min)(bytes.size(), std::size_t{1} << 30));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw_io("cannot write", temporary_);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

CheckpointReader::CheckpointReader(const std::string& path) : path_(path) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) throw_io("cannot open the file", path);
  try {
    const off_t size = ::lseek(file_, 0, SEEK_END);
    if (size < 0 || ::lseek(file_, 0, SEEK_SET) != 0) throw_io("cannot seek", path);
    left_ = static_cast<std::uint64_t>(size);
    read(std::as_writable_bytes(std::span(&head_, 1)));
    if (head_.magic != CheckpointHead::right_magic) corrupt("it is no checkpoint");
    if (head_.version != CheckpointHead::right_version) refuse_version();
    if (head_.count > head_.parts || head_.first > head_.parts - head_.count || head_.count >= left_ / 8)
      corrupt("its head is impossible");
    sizes_.resize(head_.count + 1);
    read(std::as_writable_bytes(std::span(sizes_)));
  } catch (...) {
    ::close(file_);
    throw;
  }
}

CheckpointReader::~CheckpointReader() { ::close(file_); }

std::size_t CheckpointReader::next_size() {
  const std::uint64_t size = sizes_[next_++];
  if (size > left_) corrupt("a part is longer than the file");
  return static_cast<std::size_t>(size);
}

void CheckpointReader::read_common(std::vector<std::byte>& out) {
  out.resize(next_size());
  read(out);
}

void CheckpointReader::read_part(Pieces* out) {
  const std::size_t size = next_size();
  if (out == nullptr) return pass(size);
  const std::size_t before = out->bytes.size();
  out->bytes.resize(before + size);
  read(std::span(out->bytes).subspan(before));
  out->end_piece();
}

void CheckpointReader::pass(std::uint64_t size) {
  std::array<std::byte, 1 << 16> passed;
  for (std::size_t now = 0; size != 0; size -= now) {
    now = static_cast<std::size_t>((std::min<std::uint64_t>)(size, passed.size()));
    read(std::span(passed).first(now));
  }
}

void CheckpointReader::check_end() {
  if (!is_hash_right() || left_ != 0) corrupt("the checksum is wrong");
}

bool CheckpointReader::is_hash_right() {
  const Hash128 expected = hasher_.digest();
  Hash128 seen{};
  get(std::as_writable_bytes(std::span(&seen, 1)));
  return seen == expected;
}

void CheckpointReader::refuse_version() {
  constexpr std::uint64_t hash_bytes = sizeof(Hash128);
  const auto is_whole = [&] {
    if (left_ < hash_bytes) return false;
    pass(left_ - hash_bytes);
    return is_hash_right();
  };
  // Version 1 counts without its hash: damage is unlikely to result in just this number.
  if (head_.version == 1 || is_whole())
    fail(Errc::unsupported, path_,
         "the checkpoint's version is {}, expected {}; let the program that wrote it end, or remove the file",
         head_.version, CheckpointHead::right_version);
  corrupt(fmt::format("its version is {}, expected {}", head_.version, CheckpointHead::right_version));
}

void CheckpointReader::read(std::span<std::byte> bytes) {
  get(bytes);
  hasher_.add(bytes);
}

void CheckpointReader::get(std::span<std::byte> bytes) {
  if (bytes.size() > left_) corrupt("the file is cut short");
  left_ -= bytes.size();
  while (!bytes.empty()) {
    const ssize_t done = ::read(file_, bytes.data(), (std::min)(bytes.size(), std::size_t{1} << 30));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_io("cannot read", path_);
    if (done == 0) corrupt("the file is cut short");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

void CheckpointReader::corrupt(const std::string& what) const { fail(Errc::corrupt, path_, "{}", what); }

}  // namespace scalar::inline v0::bsp::detail
