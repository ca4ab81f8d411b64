#include "bsp/checkpoints/checkpoint_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "bsp/checkpoints/checkpoint_file.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ending = ".checkpoint", temporary_ending = ".checkpoint.tmp", claim_ending = ".claim";

/// The name in `text`, when it is that of a file of `run`.
std::optional<CheckpointName> parsed(std::string_view text, std::string_view run) {
  CheckpointName name;
  name.is_temporary = text.ends_with(temporary_ending);
  const std::string_view end = name.is_temporary ? temporary_ending : ending;
  if (!text.starts_with(run) || !text.ends_with(end) || text.size() < run.size() + end.size()) return std::nullopt;
  text = text.substr(run.size(), text.size() - run.size() - end.size());
  for (std::uint64_t* number : {&name.sequence, &name.epoch, &name.first}) {
    if (text.empty() || text.front() != '.') return std::nullopt;
    const auto [last, error] = std::from_chars(text.data() + 1, text.data() + text.size(), *number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(last - text.data()));
  }
  return text.empty() ? std::optional(name) : std::nullopt;
}

}  // namespace

CheckpointDirectory::CheckpointDirectory(std::string path, std::string run)
    : path_(std::move(path)), run_(std::move(run)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) fail(Errc::io, path_, "cannot create the directory: {}", error.message());
}

std::string CheckpointDirectory::path_of(const CheckpointName& name) const {
  return fmt::format("{}/{}.{}.{}.{}{}", path_, run_, name.sequence, name.epoch, name.first,
                     name.is_temporary ? temporary_ending : ending);
}

std::map<std::uint64_t, std::vector<std::string>, std::greater<>> CheckpointDirectory::checkpoints() const {
  std::vector<CheckpointName> names;
  std::error_code error;
  const fs::directory_iterator files(path_, error);
  if (error) fail(Errc::io, path_, "cannot list the directory: {}", error.message());
  for (const fs::directory_entry& entry : files)
    if (const auto name = parsed(entry.path().filename().string(), run_); name && !name->is_temporary)
      names.push_back(*name);
  std::ranges::sort(names, {}, &CheckpointName::first);
  std::map<std::uint64_t, std::vector<std::string>, std::greater<>> found;
  for (const CheckpointName& name : names) found[name.order()].push_back(path_of(name));
  return found;
}

void CheckpointDirectory::claim(std::uint64_t epoch, std::chrono::milliseconds pause,
                                const std::stop_token& stop) const {
  using std::chrono::steady_clock;
  const std::string path = fmt::format("{}/{}.{}{}", path_, run_, epoch, claim_ending);
  const auto until = steady_clock::now() + pause;
  // Other parts of the job may be on another machine: only the directory shows them.
  while (steady_clock::now() < until && ::access(path.c_str(), F_OK) != 0) {
    if (stop.stop_requested())
      fail(Errc::canceled, path_, "a stop was requested while others might have gone on from the checkpoints");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0 && errno == EEXIST)
    fail(Errc::aborted, path, "this process was given up: others that it does not hear go on from the checkpoints");
  if (file < 0) throw_io("cannot create the file", path);
  ::close(file);
}

void CheckpointDirectory::remove_claims(std::uint64_t epoch) const noexcept {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    const std::string file_name = entry.path().filename().string();
    std::string_view text = file_name;
    if (!text.starts_with(run_ + '.') || !text.ends_with(claim_ending)) continue;
    text = text.substr(run_.size() + 1);
    std::uint64_t claimed = 0;
    const auto [last, wrong] = std::from_chars(text.data(), text.data() + text.size(), claimed);
    if (wrong == std::errc{} && std::string_view(last, text.data() + text.size()) == claim_ending && claimed > epoch)
      fs::remove(entry.path(), error);
  }
}

void CheckpointDirectory::remove_if(const std::function<bool(const CheckpointName&)>& goes) const noexcept {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error))
    if (const auto name = parsed(entry.path().filename().string(), run_); name && goes(*name))
      fs::remove(entry.path(), error);
}

void CheckpointDirectory::prune(std::uint64_t epoch, std::uint64_t first) const noexcept {
  std::vector<std::uint64_t> own;
  const auto is_own = [&](const CheckpointName& name) {
    return name.epoch == epoch && name.first == first && !name.is_temporary;
  };
  remove_if([&](const CheckpointName& name) {
    if (is_own(name)) own.push_back(name.sequence);
    return false;
  });
  if (own.size() <= 3) return;
  std::ranges::nth_element(own, own.end() - 3);
  const std::uint64_t oldest = own[own.size() - 3];
  remove_if([&](const CheckpointName& name) { return is_own(name) && name.sequence < oldest; });
}

void CheckpointDirectory::remove_newer(std::uint64_t order) const noexcept {
  remove_if([&](const CheckpointName& name) { return name.is_temporary || name.order() > order; });
}

void CheckpointDirectory::remove_all() const noexcept {
  remove_if([](const CheckpointName& name) { return !name.is_temporary; });
}

}  // namespace scalar::inline v0::bsp::detail
