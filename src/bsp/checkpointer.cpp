#include "bsp/checkpointer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "bsp/network.hpp"
#include "bsp/scheduler.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t magic = 0x3154'504b'4353'0a0d;  // "\r\nSCKPT1"
constexpr std::uint32_t version = 1;

/// What a file begins with; then follow the sizes of the peers' states, the states, and a hash of all that.
struct FileHead {
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  std::uint32_t peers = 0;  ///< of the run
  std::uint32_t first = 0, count = 0;
  std::uint64_t sequence = 0, epoch = 0;
  std::uint64_t bytes = 0;  ///< of the states
};

[[noreturn]] void throw_io(const std::string& what, const std::string& path) {
  throw Error(Errc::io, what + ": " + std::system_category().message(errno), path);
}

/// A file that is there under its name only once it is whole.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), temporary_(path_ + ".tmp") {
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file_ < 0) throw_io("cannot create the file", temporary_);
  }
  ~NewFile() {
    if (file_ < 0) return;
    ::close(file_);
    ::unlink(temporary_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    hasher_.add(bytes);
    put(bytes);
  }
  void finish() {
    const Hash128 hash = hasher_.digest();
    put(std::as_bytes(std::span(&hash, 1)));
    if (::fsync(file_) != 0) throw_io("cannot write the file to disk", temporary_);
    if (::close(std::exchange(file_, -1)) != 0) throw_io("cannot close the file", temporary_);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_io("cannot rename the file", path_);
  }

 private:
  void put(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::write(file_, bytes.data(), (std::min)(bytes.size(), std::size_t{1} << 30));
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) throw_io("cannot write", temporary_);
      bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
  }
  std::string path_, temporary_;
  int file_ = -1;
  Hasher hasher_;
};

/// A checkpoint file, read front to back, with its hash checked at the end.
class OldFile {
 public:
  explicit OldFile(const std::string& path) : path_(path) {
    file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0) throw_io("cannot open the file", path);
    const off_t size = ::lseek(file_, 0, SEEK_END);
    if (size < 0 || ::lseek(file_, 0, SEEK_SET) != 0) throw_io("cannot seek", path);
    left_ = static_cast<std::uint64_t>(size);
  }
  ~OldFile() { ::close(file_); }
  OldFile(const OldFile&) = delete;
  OldFile& operator=(const OldFile&) = delete;

  std::uint64_t left() const noexcept { return left_; }
  void read(std::span<std::byte> bytes) {
    get(bytes);
    hasher_.add(bytes);
  }
  void check_end() {
    const Hash128 expected = hasher_.digest();
    Hash128 seen{};
    get(std::as_writable_bytes(std::span(&seen, 1)));
    if (std::memcmp(&seen, &expected, sizeof seen) != 0 || left_ != 0) corrupt("the checksum is wrong");
  }
  [[noreturn]] void corrupt(const std::string& what) const { throw Error(Errc::corrupt, what, path_); }

 private:
  void get(std::span<std::byte> bytes) {
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
  std::string path_;
  int file_ = -1;
  std::uint64_t left_ = 0;
  Hasher hasher_;
};

/// What a file is called: `<name>.<sequence>.<epoch>.<first>.checkpoint`.
struct FileName {
  std::uint64_t sequence = 0, epoch = 0, first = 0;
};
std::optional<FileName> parsed(std::string_view text, std::string_view name) {
  constexpr std::string_view end = ".checkpoint";
  if (!text.starts_with(name) || !text.ends_with(end) || text.size() < name.size() + end.size()) return std::nullopt;
  text = text.substr(name.size(), text.size() - name.size() - end.size());
  FileName is;
  for (std::uint64_t* number : {&is.sequence, &is.epoch, &is.first}) {
    if (text.empty() || text.front() != '.') return std::nullopt;
    const auto [last, error] = std::from_chars(text.data() + 1, text.data() + text.size(), *number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(last - text.data()));
  }
  return text.empty() ? std::optional(is) : std::nullopt;
}

FileHead read_head(OldFile& file) {
  FileHead head;
  file.read(std::as_writable_bytes(std::span(&head, 1)));
  if (head.magic != magic) file.corrupt("it is no checkpoint");
  if (head.version != version)
    file.corrupt("its version is " + std::to_string(head.version) + ", expected " + std::to_string(version));
  if (head.count > head.peers || head.first > head.peers - head.count || head.bytes > file.left() ||
      std::uint64_t{head.count} * 8 > file.left())
    file.corrupt("its head is impossible");
  return head;
}

/// Reads the states of all peers in the file, and checks them.
std::vector<std::vector<std::byte>> read_states(OldFile& file, const FileHead& head) {
  std::vector<std::uint64_t> sizes(head.count);
  file.read(std::as_writable_bytes(std::span(sizes)));
  std::vector<std::vector<std::byte>> states(head.count);
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (sizes[i] > file.left()) file.corrupt("a state is longer than the file");
    states[i].resize(sizes[i]);
    file.read(states[i]);
  }
  file.check_end();
  return states;
}

}  // namespace

struct Checkpointer::Job {
  std::uint64_t sequence = 0;
};

/// A file in the directory that is whole.
struct Checkpointer::Found {
  std::string path;
  FileHead head;
};

Checkpointer::Checkpointer(const Checkpoints& options, const Hosts& hosts, std::uint64_t epoch)
    : directory_(options.directory),
      name_(options.name),
      every_(static_cast<std::uint64_t>(options.every)),
      recovers_(options.recover),
      hosts_(hosts),
      epoch_(epoch),
      states_(static_cast<std::size_t>(hosts.count(hosts.here()))),
      staged_(states_.size()),
      writing_(states_.size()) {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) throw Error(Errc::io, "cannot create the directory: " + error.message(), directory_);
  writer_ = std::thread([this] { serve(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  writer_.join();
}

/// All whole files of this run, damaged ones left out.
std::vector<Checkpointer::Found> Checkpointer::find() const {
  std::vector<Found> found;
  std::error_code error;
  const fs::directory_iterator files(directory_, error);
  if (error) throw Error(Errc::io, "cannot list the directory: " + error.message(), directory_);
  for (const fs::directory_entry& entry : files) {
    const std::string file_name = entry.path().filename().string();
    if (!parsed(file_name, name_)) continue;
    try {
      OldFile file(entry.path().string());
      const FileHead head = read_head(file);
      (void)read_states(file, head);
      found.push_back({entry.path().string(), head});
    } catch (const Error& damaged) {
      // Passed over: a damaged file, and one that its process has pruned meanwhile.
      if (damaged.code() != Errc::corrupt && fs::exists(entry.path(), error)) throw;
    }
  }
  return found;
}

namespace {

/// Later epochs may have written a sequence number again.
constexpr unsigned sequence_bits = 40;
std::uint64_t order_of(const FileHead& head) noexcept {
  return head.sequence << (64 - sequence_bits) | (head.epoch & ((std::uint64_t{1} << (64 - sequence_bits)) - 1));
}

}  // namespace

void Checkpointer::claim() const {
  const std::string path = directory_ + "/" + name_ + "." + std::to_string(epoch_) + ".claim";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0 && errno == EEXIST)
    throw Error(Errc::aborted, "this process was given up: others that it does not hear go on from the checkpoints",
                path);
  if (file < 0) throw_io("cannot create the file", path);
  ::close(file);
}

void Checkpointer::remove_claims() const noexcept {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
    const std::string file_name = entry.path().filename().string();
    const std::size_t begin = name_.size() + 1, end = file_name.find_first_not_of("0123456789", begin);
    if (file_name.starts_with(name_ + ".") && end != begin && end != file_name.npos &&
        file_name.substr(end) == ".claim")
      fs::remove(entry.path(), error);
  }
}

std::uint64_t Checkpointer::newest() {
  std::map<std::uint64_t, std::uint64_t> covered;  // peers, by order
  for (const Found& file : find()) {
    if (file.head.peers != static_cast<std::uint32_t>(hosts_.size()))
      throw Error(Errc::invalid_argument,
                  "it is of a run of " + std::to_string(file.head.peers) + " peers, but this one has " +
                      std::to_string(hosts_.size()),
                  file.path);
    covered[order_of(file.head)] += file.head.count;
  }
  std::uint64_t best = 0;
  for (const auto& [order, peers] : covered)
    if (peers == static_cast<std::uint64_t>(hosts_.size())) best = order;
  return best;
}

void Checkpointer::restore(std::uint64_t order) {
  if (order == 0) return;
  restored_.assign(states_.size(), {});
  const auto first = static_cast<std::uint32_t>(hosts_.first(hosts_.here()));
  std::size_t filled = 0;
  for (const Found& found : find()) {
    if (order_of(found.head) != order) continue;
    OldFile file(found.path);
    const FileHead head = read_head(file);
    std::vector<std::vector<std::byte>> states = read_states(file, head);
    for (std::uint32_t i = 0; i < head.count; ++i)
      if (const std::uint32_t index = head.first + i - first; index < restored_.size())
        restored_[index] = std::move(states[i]), ++filled;
    sequence_ = head.sequence;
  }
  if (filled != restored_.size()) throw Error(Errc::corrupt, "a checkpoint that was there is gone", directory_);
}

bool Checkpointer::bind(int rank, std::unique_ptr<Persisted> state) {
  const auto index = static_cast<std::size_t>(rank - hosts_.first(hosts_.here()));
  if (states_[index] != nullptr)
    throw Error(Errc::invalid_argument, "persist was called twice, expected once", "bsp peer " + std::to_string(rank));
  states_[index] = std::move(state);
  if (restored_.empty()) return false;
  states_[index]->read(restored_[index]);
  return true;
}

void Checkpointer::stage(int rank) {
  if (!is_due()) return;
  const auto index = static_cast<std::size_t>(rank - hosts_.first(hosts_.here()));
  if (states_[index] == nullptr)
    throw Error(Errc::invalid_argument, "checkpoint before persist: there is no state to write",
                "bsp peer " + std::to_string(rank));
  staged_[index].clear();
  states_[index]->write(staged_[index]);
}

bool Checkpointer::commit(bool processes_wait) {
  const bool is_written = is_due();
  const bool was_forced = std::exchange(is_forced_, processes_wait && !is_written);
  ++sequence_;
  if (!is_written) return false;
  settle();
  {
    const std::lock_guard lock(mutex_);
    staged_.swap(writing_);
    job_ = std::make_unique<Job>(Job{sequence_});
  }
  changed_.notify_all();
  if (!processes_wait && !was_forced) return false;
  settle();
  return true;
}

void Checkpointer::settle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return job_ == nullptr; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Checkpointer::finish() noexcept {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return job_ == nullptr; });
}

void Checkpointer::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closing_ || job_ != nullptr; });
    if (job_ == nullptr) return;
    lock.unlock();
    std::exception_ptr error;
    try {
      write(*job_);
      prune();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    job_.reset();
    changed_.notify_all();
  }
}

void Checkpointer::write(const Job& job) const {
  FileHead head{magic,
                version,
                static_cast<std::uint32_t>(hosts_.size()),
                static_cast<std::uint32_t>(hosts_.first(hosts_.here())),
                static_cast<std::uint32_t>(writing_.size()),
                job.sequence,
                epoch_,
                0};
  std::vector<std::uint64_t> sizes;
  for (const std::vector<std::byte>& state : writing_) sizes.push_back(state.size()), head.bytes += state.size();
  NewFile file(directory_ + "/" + name_ + "." + std::to_string(job.sequence) + "." + std::to_string(epoch_) + "." +
               std::to_string(head.first) + ".checkpoint");
  file.write(std::as_bytes(std::span(&head, 1)));
  file.write(std::as_bytes(std::span(sizes)));
  for (const std::vector<std::byte>& state : writing_) file.write(state);
  file.finish();
}

/// Keeps this process's three newest files: when it writes a checkpoint, others may still be at the one before, and
/// have finished the one before that.
void Checkpointer::prune() const noexcept {
  std::vector<std::pair<std::uint64_t, fs::path>> own;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
    const std::string file_name = entry.path().filename().string();
    const std::optional<FileName> is = parsed(file_name, name_);
    if (is && is->epoch == epoch_ && is->first == static_cast<std::uint64_t>(hosts_.first(hosts_.here())))
      own.emplace_back(is->sequence, entry.path());
  }
  std::sort(own.begin(), own.end());
  for (std::size_t i = 0; i + 3 < own.size(); ++i) fs::remove(own[i].second, error);
}

void Checkpointer::remove_all() noexcept {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
    const std::string file_name = entry.path().filename().string();
    if (parsed(file_name, name_)) fs::remove(entry.path(), error);
  }
  remove_claims();
}

void Checkpointer::remove_newer(std::uint64_t order) noexcept {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
    const std::optional<FileName> is = parsed(entry.path().filename().string(), name_);
    if (is && order_of({.sequence = is->sequence, .epoch = is->epoch}) > order) fs::remove(entry.path(), error);
  }
}

bool changes_processes(const std::exception_ptr& error) noexcept {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const ProcessesChange&) {
    return true;
  } catch (...) {
  }
  return false;
}

bool persist_state(Peer& peer, std::unique_ptr<Persisted> state) {
  Checkpointer* checkpointer = peer.world().checkpointer();
  if (checkpointer == nullptr) return false;
  return checkpointer->bind(peer.world().root_rank(peer.rank()), std::move(state));
}

namespace {

constexpr Collective save_collective = collective_of<Save>("checkpoint");

std::uint8_t processes_wait(Peer& peer) {
  const Checkpointer* checkpointer = peer.world().checkpointer();
  if (checkpointer == nullptr || !checkpointer->recovers() || peer.rank() != peer.world().first()) return false;
  const Network* network = peer.world().scheduler().network();
  return network != nullptr && network->wants_regroup();
}

}  // namespace

Save::Save(Peer& peer) : Contribution(peer, save_collective, processes_wait(peer)) {
  if (&peer.world() != &peer.world().root())
    throw Error(Errc::unsupported, "checkpoint in a team: only all peers together can write their state",
                "bsp peer " + std::to_string(peer.rank()));
}

void Save::stage() const {
  if (Checkpointer* checkpointer = peer().world().checkpointer(); checkpointer != nullptr)
    checkpointer->stage(peer().rank());
}

void Save::complete(World& world, std::string_view) {
  if (world.checkpointer() == nullptr) return;
  bool processes_wait = false;
  for (int rank = 0; rank < world.size(); ++rank) processes_wait |= world.value<std::uint8_t>(rank) != 0;
  if (world.checkpointer()->commit(processes_wait)) throw ProcessesChange();
}

}  // namespace scalar::inline v0::bsp::detail
