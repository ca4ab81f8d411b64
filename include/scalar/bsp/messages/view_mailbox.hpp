#pragma once
/// Mailbox<std::string_view> and Mailbox<std::span<const T>>: messages of any length without an allocation for each.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// Errors: `Errc::parse`, naming `source` and `rank`, unless messages of these lengths have `values` elements in all.
void check_lengths(std::span<const std::uint64_t> lengths, std::size_t values, int source, int rank);

/// The messages of one source: their lengths, and all their elements one after another.
template <class View>
struct ViewRun {
  int source = 0;
  std::span<const std::uint64_t> lengths{};
  const typename View::value_type* values = nullptr;
};

}  // namespace detail

/// The variable-length messages that a peer has received, by source rank, then in the order sent: a forward range of
/// `View`, by value.
template <class View>
class ReceivedViews {
 public:
  explicit ReceivedViews(std::span<const detail::ViewRun<View>> runs) noexcept : runs_(runs) {}

  class Iterator {
   public:
    using value_type = View;
    using reference = View;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;

    Iterator() = default;
    Iterator(const detail::ViewRun<View>* run, const detail::ViewRun<View>* last) noexcept : run_(run), last_(last) {
      enter();
    }
    View operator*() const noexcept { return {values_, static_cast<std::size_t>(*length_)}; }
    Iterator& operator++() noexcept {
      values_ += *length_;
      if (++length_ == stop_) ++run_, enter();
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.length_ == b.length_; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) noexcept { return a.length_ == nullptr; }

   private:
    void enter() noexcept {  // runs are never empty
      const bool over = run_ == last_;
      length_ = over ? nullptr : run_->lengths.data();
      stop_ = over ? nullptr : length_ + run_->lengths.size();
      values_ = over ? nullptr : run_->values;
    }
    const std::uint64_t* length_ = nullptr;
    const std::uint64_t* stop_ = nullptr;
    const typename View::value_type* values_ = nullptr;
    const detail::ViewRun<View>* run_ = nullptr;
    const detail::ViewRun<View>* last_ = nullptr;
  };

  Iterator begin() const noexcept { return {runs_.data(), runs_.data() + runs_.size()}; }
  std::default_sentinel_t end() const noexcept { return {}; }
  bool empty() const noexcept { return runs_.empty(); }
  /// Complexity: one addition per source.
  std::size_t size() const noexcept {
    std::size_t count = 0;
    for (const auto& run : runs_) count += run.lengths.size();
    return count;
  }

 private:
  std::span<const detail::ViewRun<View>> runs_;
};

/// A mailbox whose messages are texts or arrays, each of its own length. `send` copies the elements that a view shows.
///
/// A `Mailbox<std::string>` costs an allocation for each message. Here the messages to a peer are stored one after
/// another, in two mailboxes, one of lengths and one of elements. Received messages belong to the receiver until its
/// next barrier. Otherwise as every `Mailbox`.
template <class View>
  requires detail::is_view<View>
class Mailbox<View> {
 public:
  using Element = typename View::value_type;

  /// Internal: use `peer.mailbox<View>()`.
  explicit Mailbox(Peer& peer) : peer_(peer), lengths_(peer), values_(peer, detail::Elements{}) {}

  /// Sends a copy of the elements of `message`, which may be empty. Errors: `Errc::out_of_range` for an invalid rank.
  void send(int rank, View message) {
    values_.send(rank, std::span<const Element>(message.data(), message.size()));
    lengths_.send(rank, message.size());
  }

  /// All messages of the last superstep, by source rank, then in the order sent.
  /// Errors: `Errc::parse` when another process has sent lengths and elements that do not match.
  ReceivedViews<View> received() const { return ReceivedViews<View>(runs()); }
  /// The messages from one source. Errors: `Errc::out_of_range` for an invalid rank; those of `received()`.
  ReceivedViews<View> received(int source) const {
    (void)values_.received(source);  // checks the rank
    const std::span<const detail::ViewRun<View>> all = runs();
    const auto found = std::ranges::lower_bound(all, source, {}, &detail::ViewRun<View>::source);
    const bool is_there = found != all.end() && found->source == source;
    return ReceivedViews<View>(is_there ? std::span(&*found, 1) : std::span<const detail::ViewRun<View>>());
  }

 private:
  /// The runs of both mailboxes side by side, made once per superstep. A source of only empty messages has no elements.
  std::span<const detail::ViewRun<View>> runs() const {
    if (superstep_ == peer_.superstep()) return runs_;
    runs_.clear();
    std::span<const Run<Element>> values = values_.runs();
    const auto check_below = [&](int source) {  // elements without lengths
      for (; !values.empty() && values.front().source < source; values = values.subspan(1))
        detail::check_lengths({}, values.front().values.size(), values.front().source, peer_.rank());
    };
    for (const Run<std::uint64_t>& lengths : lengths_.runs()) {
      check_below(lengths.source);
      std::span<const Element> elements;
      if (!values.empty() && values.front().source == lengths.source)
        elements = values.front().values, values = values.subspan(1);
      detail::check_lengths(lengths.values, elements.size(), lengths.source, peer_.rank());
      runs_.push_back({lengths.source, lengths.values, elements.data()});
    }
    check_below((std::numeric_limits<int>::max)());
    superstep_ = peer_.superstep();
    return runs_;
  }

  Peer& peer_;
  Mailbox<std::uint64_t> lengths_;
  Mailbox<Element> values_;
  mutable std::vector<detail::ViewRun<View>> runs_;
  mutable std::uint64_t superstep_ = static_cast<std::uint64_t>(-1);  // for which `runs_` is made
};

}  // namespace scalar::inline v0::bsp
