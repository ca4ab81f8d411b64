#pragma once
/// EntryList: what linking a component adds to a program, such as the adapters of frameworks.
#include <mutex>
#include <string_view>
#include <utility>

namespace scalar::inline v0 {

/// Entries that object files enter before main and that live until the program ends, by the name in their member
/// `Name`. Declare it `constinit`, so that it is there before whatever enters it.
/// Thread safety: all members may be called from any thread.
template <class Entry, std::string_view Entry::*Name>
class EntryList {
 public:
  /// Adds `entry`, unless there is one with its name, which is returned; null if it was added.
  const Entry* enter(Entry& entry) noexcept {
    const std::lock_guard lock(mutex_);
    if (const Entry* there = find_locked(entry.*Name)) return there;
    entry.next = std::exchange(first_, &entry);
    return nullptr;
  }
  /// Null if there is none with that name.
  const Entry* find(std::string_view name) const noexcept {
    const std::lock_guard lock(mutex_);
    return find_locked(name);
  }
  template <class Use>
  void each(const Use& use) const {
    const std::lock_guard lock(mutex_);
    for (const Entry* entry = first_; entry != nullptr; entry = entry->next) use(*entry);
  }

 private:
  const Entry* find_locked(std::string_view name) const noexcept {
    const Entry* entry = first_;
    while (entry != nullptr && entry->*Name != name) entry = entry->next;
    return entry;
  }

  mutable std::mutex mutex_{};
  Entry* first_ = nullptr;
};

}  // namespace scalar::inline v0
