#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "core/fail.hpp"
#include "data/stream.hpp"
#include "scalar/data/store.hpp"

namespace scalar::inline v0::data {
namespace {

class Inflater {
 public:
  Inflater(ReadBytes source, std::string context)
      : source_(std::move(source)), context_(std::move(context)), input_(std::size_t{1} << 16) {
    if (::inflateInit2(&state_, 16 + MAX_WBITS) != Z_OK) fail(Errc::internal, context_, "zlib cannot start");
  }
  Inflater(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&state_); }

  std::size_t read(std::span<std::byte> out) {
    const std::size_t size = (std::min)(out.size(), std::size_t{1} << 30);
    state_.next_out = reinterpret_cast<Bytef*>(out.data());
    state_.avail_out = static_cast<uInt>(size);
    while (state_.avail_out == size) {
      if (state_.avail_in == 0 && !fill()) {
        if (within_member_) corrupt("gzip data ends within a member");
        return 0;
      }
      if (!within_member_) {
        ::inflateReset(&state_);
        within_member_ = true;
      }
      const int result = ::inflate(&state_, Z_NO_FLUSH);
      if (result == Z_STREAM_END)
        within_member_ = false;
      else if (result != Z_OK && result != Z_BUF_ERROR)
        corrupt(fmt::format("gzip data is damaged: {}", state_.msg != nullptr ? state_.msg : "no reason given"));
    }
    return size - state_.avail_out;
  }

 private:
  bool fill() {
    const std::size_t got = source_(input_);
    state_.next_in = reinterpret_cast<Bytef*>(input_.data());
    state_.avail_in = static_cast<uInt>(got);
    return got != 0;
  }
  [[noreturn]] void corrupt(std::string_view message) const { fail(Errc::corrupt, context_, "{}", message); }

  ReadBytes source_;
  std::string context_;
  std::vector<std::byte> input_;
  z_stream state_{};
  bool within_member_ = true;
};

}  // namespace

ReadBytes gunzip(ReadBytes source, std::string context) {
  auto inflater = std::make_shared<Inflater>(std::move(source), std::move(context));
  return [inflater](std::span<std::byte> out) { return inflater->read(out); };
}

ReadBytes decompressed(ReadBytes source, bool must, std::string context) {
  std::array<std::byte, 2> magic{};
  std::size_t have = 0;
  while (have < magic.size()) {
    const std::size_t got = source(std::span(magic).subspan(have));
    if (got == 0) break;
    have += got;
  }
  const bool is_gzip = have == 2 && magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b};
  if (must && !is_gzip) fail(Errc::corrupt, context, "is named .gz, but does not begin as gzip does (1f 8b)");
  ReadBytes whole = [source = std::move(source), magic, have, used = std::size_t{0}](std::span<std::byte> out) mutable {
    if (used == have) return source(out);
    const std::size_t count = (std::min)(have - used, out.size());
    std::memcpy(out.data(), magic.data() + used, count);
    used += count;
    return count;
  };
  return is_gzip ? gunzip(std::move(whole), std::move(context)) : whole;
}

ReadBytes open_stream(const Uri& uri, const Runtime& runtime) {
  std::shared_ptr<Input> input = open(uri, runtime);
  return decompressed([input](std::span<std::byte> out) { return input->read(out); }, uri.path().ends_with(".gz"),
                      uri.string());
}

ReadBytes memory_stream(std::string_view text, std::string context) {
  ReadBytes source = [text](std::span<std::byte> out) mutable {
    const std::size_t count = (std::min)(text.size(), out.size());
    if (count != 0) std::memcpy(out.data(), text.data(), count);
    text.remove_prefix(count);
    return count;
  };
  return decompressed(std::move(source), false, std::move(context));
}

}  // namespace scalar::inline v0::data
