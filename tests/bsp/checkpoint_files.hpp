#pragma once
/// Engines that write checkpoints, and harm done to these.
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "bsp/places.hpp"
#include "scalar/bsp/engine.hpp"

namespace bsp_test {

inline scalar::bsp::EngineOptions writing_to(const std::string& directory, int peers, int every = 1) {
  return {.peers = peers,
          .workers = 2,
          .executor = &host_threads(),
          .checkpoints = {.directory = directory, .every = every}};
}

inline std::map<std::string, std::uintmax_t> files_in(const std::string& directory) {
  std::map<std::string, std::uintmax_t> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    files[entry.path().filename()] = entry.file_size();
  return files;
}

inline void flip_bit(const std::filesystem::path& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 4));
}

/// Calls `check(what)` with the file damaged in many ways: bits flipped, its end cut off. Then it is as before.
template <class F>
void damage(const std::filesystem::path& path, std::streamoff step, const F& check) {
  namespace fs = std::filesystem;
  const fs::path copy = path.string() + ".copy";
  fs::rename(path, copy);
  const auto size = static_cast<std::streamoff>(fs::file_size(copy));
  const auto renew = [&] { fs::copy_file(copy, path, fs::copy_options::overwrite_existing); };
  for (std::streamoff at = 0; at < size; at += step) {
    renew();
    flip_bit(path, at);
    check("bit flipped in byte " + std::to_string(at));
  }
  for (const std::streamoff cut : {std::streamoff{0}, std::streamoff{20}, size / 2, size - 1}) {
    renew();
    fs::resize_file(path, static_cast<std::uintmax_t>(cut));
    check("cut after " + std::to_string(cut) + " bytes");
  }
  fs::rename(copy, path);
}

}  // namespace bsp_test
