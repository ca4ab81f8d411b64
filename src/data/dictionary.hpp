#pragma once
/// Distinct texts numbered in order of first appearance.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fail.hpp"

namespace scalar::inline v0::data {

/// Texts, with a hash index that maps each to its code. Texts are only added. Open addressing, at most half full.
class Dictionary {
 public:
  static constexpr std::uint32_t none = 0xffffffffu;

  /// The code of `text`, or `none`. Does not allocate.
  std::uint32_t find(std::string_view text) const noexcept {
    return slots_.empty() ? none : slots_[slot_of(text, hash(text))].code;
  }
  /// The code of `text`, which is added if it is new.
  std::uint32_t add(std::string_view text) {
    if (slots_.size() < 2 * (texts_.size() + 1)) grow();
    const std::uint32_t hashed = hash(text);
    Slot& slot = slots_[slot_of(text, hashed)];
    if (slot.code != none) return slot.code;
    if (texts_.size() >= none) fail(Errc::too_large, {}, "more than 4294967294 distinct texts");
    texts_.emplace_back(text);
    slot = {hashed, static_cast<std::uint32_t>(texts_.size() - 1)};
    return slot.code;
  }

  std::size_t size() const noexcept { return texts_.size(); }
  const std::vector<std::string>& texts() const noexcept { return texts_; }
  /// Returns the texts and leaves the dictionary empty.
  std::vector<std::string> release() {
    slots_.clear();
    return std::move(texts_);
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t code = none;
  };
  static std::uint32_t hash(std::string_view text) noexcept {
    const std::uint64_t whole = std::hash<std::string_view>{}(text);
    return static_cast<std::uint32_t>(whole ^ (whole >> 32));
  }
  std::size_t slot_of(std::string_view text, std::uint32_t hashed) const noexcept {
    std::size_t i = hashed & (slots_.size() - 1);
    while (slots_[i].code != none && (slots_[i].hash != hashed || texts_[slots_[i].code] != text))
      i = (i + 1) & (slots_.size() - 1);
    return i;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.code == none) continue;
      std::size_t i = slot.hash & (slots_.size() - 1);
      while (slots_[i].code != none) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = slot;
    }
  }

  std::vector<std::string> texts_;
  std::vector<Slot> slots_;
};

}  // namespace scalar::inline v0::data
