#pragma once
/// The state of a running vertex program at one peer. Internal; see `Context` and `run`.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/bsp/arrays/replicated.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/messages/combine.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/graph/detail/mutations.hpp"
#include "scalar/graph/detail/pulse.hpp"
#include "scalar/graph/graph.hpp"
#include "scalar/graph/partition.hpp"
#include "scalar/graph/vertex_program.hpp"

namespace scalar::inline v0::graph::detail {

/// A peer's vertices, their messages, and the paths that messages take. A vertex has the local number slot - base.
/// `base` is a multiple of 64, so that a word of local bits is also a word of global bits.
template <class Program>
class VertexState {
 public:
  using Value = typename Program::Value;
  using Message = typename Program::Message;
  using Aggregates = AggregatesOf<Program>;
  static constexpr bool combines = HasCombiner<Program>;
  static constexpr bool mutates = mutates_graph<Program>();
  static constexpr bool is_flat = std::is_trivially_copyable_v<Message>;
  static constexpr bool can_pull = is_flat && !mutates;
  static constexpr bool can_accumulate = is_flat && combines && !mutates;

  VertexState(bsp::Peer& at, const Program& its_program, const Graph& of, const RunOptions& with)
      : peer(at),
        program(its_program),
        graph(of),
        options(with),
        owners(partition_of(of, with, at.size())),
        share{owners.first(at.rank()), owners.last(at.rank())},
        base(share.begin / 64 * 64),
        size(share.size() == 0 ? 0 : share.end - base),
        values(size),
        awake((size + 63) / 64),
        has((size + 63) / 64),
        box_(at) {
    for (std::size_t slot = share.begin; slot < share.end; ++slot)
      if (owners.vertex(static_cast<Vertex>(slot)) < graph.vertices()) set(awake, slot - base);
    if constexpr (mutates) {
      exists = awake;
      own_edges.resize(size);
      changes_.emplace(at);
    }
    if constexpr (combines)
      inbox_.resize(size);
    else
      first_.resize(size), count_.resize(size);
    edges_ = graph.out_neighbors().size();
    if constexpr (can_accumulate)
      if (owners.is_contiguous() && owners.vertices() != 0) {
        std::vector<std::uint64_t> cuts;
        cuts.reserve(static_cast<std::size_t>(at.size()) + 1);
        for (int rank = 0; rank < at.size(); ++rank) cuts.push_back(owners.first(rank));
        cuts.push_back(owners.vertices());
        const auto policy = with.path == MessagePath::dense    ? bsp::CombinePolicy::dense
                            : with.path == MessagePath::sparse ? bsp::CombinePolicy::plain
                                                               : bsp::CombinePolicy::automatic;
        combined_.emplace(at, bsp::CombineOptions{.keys = owners.vertices(), .cuts = cuts, .policy = policy});
      }
  }

  static bool test(const std::vector<std::uint64_t>& bits, std::size_t i) noexcept {
    return bits[i / 64] >> i % 64 & 1;
  }
  static void set(std::vector<std::uint64_t>& bits, std::size_t i) noexcept { bits[i / 64] |= 1ull << i % 64; }
  static void clear(std::vector<std::uint64_t>& bits, std::size_t i) noexcept { bits[i / 64] &= ~(1ull << i % 64); }

  Vertex vertex_at(std::size_t i) const noexcept { return owners.vertex(static_cast<Vertex>(base + i)); }
  std::size_t local(Vertex vertex) const noexcept { return owners.slot(vertex) - base; }

  std::span<const Vertex> neighbors(std::size_t i) const noexcept {
    if constexpr (mutates)
      if (own_edges[i]) return own_edges[i]->to;
    return has_given_edges(i) ? graph.out(vertex_at(i)) : std::span<const Vertex>();
  }
  std::span<const float> weights(std::size_t i) const noexcept {
    if constexpr (mutates)
      if (own_edges[i]) return own_edges[i]->weights;
    return has_given_edges(i) ? graph.out_weights(vertex_at(i)) : std::span<const float>();
  }

  /// Prepares the path that messages take in this superstep.
  void begin() {
    pulse = {};
    if constexpr (can_pull)
      if (publishes) {
        if (!published_) {
          published_.emplace(peer, owners.vertices(), share);
          has_published_.emplace(peer, owners.vertices(), share);
        }
        std::ranges::fill(has_published_->next(), std::uint8_t{0});
      }
  }

  void send(std::size_t from, Vertex to, const Message& message) {
    if (to >= owners.vertices()) [[unlikely]]
      throw_bad_target(from, to);
    ++pulse.messages;
    push(to, message);
  }

  void send_to_neighbors(std::size_t from, const Message& message) {
    const std::span<const Vertex> targets = neighbors(from);
    pulse.messages += targets.size();
    if constexpr (can_pull)
      if (publishes && publish(from, targets.size(), message)) return;
    // While publishing, only published messages count: then as many as edges means that every vertex has published.
    if (!publishes) pulse.published += targets.size();
    if constexpr (can_accumulate)
      if (combined_) return combined_->send(targets, message, std::to_address(graph.out_neighbors().end()));
    for (const Vertex to : targets) push(to, message);
  }

  void request(std::size_t from, Mutation<Value> mutation) {
    if (mutation.target >= owners.vertices() || mutation.to >= owners.vertices()) [[unlikely]]
      throw_bad_target(from, (std::max)(mutation.target, mutation.to));
    mutation.by = vertex_at(from);
    ++pulse.mutations;
    changes_->send(owners.owner(mutation.target), std::move(mutation));
  }

  /// Makes the published messages of this superstep visible to all peers from the next barrier on.
  void finish() {
    if constexpr (can_pull)
      if (publishes) published_->publish(), has_published_->publish();
  }

  /// Receives what the last superstep sent; `sent` is the merged pulse of all peers.
  void receive(const Pulse<Aggregates>& sent) {
    if constexpr (mutates)
      if (sent.mutations != 0) apply_changes();
    if (sent.messages == 0) return;
    const bool pulled = publishes && sent.published != 0;
    if constexpr (combines) {
      if constexpr (can_pull)
        if (pulled) sent.published == edges_ ? fold_all_published() : fold_some_published();
      if constexpr (can_accumulate)
        if (combined_) combined_->receive([&](Vertex vertex, const Message& message) { take(vertex - base, message); });
      fold_messages();
    } else if (fetches_ = pulled && sent.published == edges_ && sent.messages == edges_; fetches_) {
      for (std::size_t i = share.begin - base; i < size; ++i)
        if (!graph.in(static_cast<Vertex>(base + i)).empty()) set(has, i);
    } else {
      sort_messages(pulled);
    }
  }

  /// The messages to a vertex. Valid until the next call.
  std::span<const Message> messages(std::size_t i) {
    if (!test(has, i)) return {};
    if constexpr (combines) {
      return {inbox_.data() + i, 1};
    } else {
      if constexpr (can_pull)
        if (fetches_) return fetch(static_cast<Vertex>(base + i));
      return {buffer_.data() + first_[i], count_[i]};
    }
  }

  /// Whether the next superstep publishes messages to all neighbors; `last`: the merged pulse of the superstep before
  /// it, null if there is none.
  bool publishes_next(const Pulse<Aggregates>* last) const noexcept {
    if constexpr (can_pull) {
      if (!owners.is_contiguous() || !graph.has_in_edges()) return false;
      if (options.path != MessagePath::automatic) return options.path == MessagePath::pull;
      return last == nullptr || (last->published != 0 && last->published >= edges_ / 6);
    } else {
      return false;
    }
  }

  bsp::Peer& peer;
  Program program;
  const Graph& graph;
  const RunOptions options;
  const Partition owners;
  const Range share;
  const std::size_t base, size;
  std::vector<Value> values;
  std::vector<std::uint64_t> awake, has, exists{};  // one bit per local number
  std::vector<std::unique_ptr<OwnEdges>> own_edges{};
  Pulse<Aggregates> pulse{};
  Aggregates aggregated{};
  std::uint64_t superstep = 0, dropped = 0;
  bool publishes = false;  // whether this superstep publishes messages to all neighbors

 private:
  bool has_given_edges(std::size_t i) const noexcept { return !mutates || vertex_at(i) < graph.vertices(); }
  using Letter = Addressed<Message>;
  template <bool Has, class T>
  using If = std::conditional_t<Has, T, Nothing>;

  [[noreturn, gnu::noinline, gnu::cold]] void throw_bad_target(std::size_t from, Vertex to) const {
    throw_at_vertex(Errc::out_of_range, peer.rank(), superstep, vertex_at(from),
                    "vertex " + std::to_string(to) + " is not one of the " + std::to_string(owners.vertices()));
  }

  void push(Vertex to, const Message& message) {
    if constexpr (can_accumulate)
      if (combined_) return combined_->send(to, message);
    box_.send(owners.owner(to), Letter{to, message});
  }

  /// Returns false if the vertex has already published and there is no combiner: the message must be mailed instead.
  bool publish(std::size_t from, std::size_t degree, const Message& message) {
    const std::size_t at = base + from - share.begin;
    std::uint8_t& flag = has_published_->next()[at];
    Message& place = published_->next()[at];
    if (flag != 0) {
      if constexpr (combines) place = Program::combine(place, message);
      return combines;
    }
    flag = 1;
    place = message;
    pulse.published += degree;
    return true;
  }

  void take(std::size_t i, const Message& message) {
    inbox_[i] = test(has, i) ? static_cast<Message>(Program::combine(inbox_[i], message)) : message;
    set(has, i);
  }

  [[gnu::noinline]] void fold_all_published() {
    const std::int64_t* offsets = graph.in_offsets().data();
    const Vertex* sources = graph.in_neighbors().data();
    const Message* published = published_->values().data();
    for (std::size_t i = share.begin - base; i < size; ++i) {
      const Vertex* at = sources + offsets[base + i];
      const Vertex* stop = sources + offsets[base + i + 1];
      if (at == stop) continue;
      Message sum = published[*at];
      for (++at; at != stop; ++at) sum = Program::combine(sum, published[*at]);
      inbox_[i] = sum;
      set(has, i);
    }
  }
  [[gnu::noinline]] void fold_some_published() {
    const Message* published = published_->values().data();
    const std::uint8_t* flags = has_published_->values().data();
    for (std::size_t i = share.begin - base; i < size; ++i)
      for (const Vertex from : graph.in(static_cast<Vertex>(base + i)))
        if (flags[from] != 0) take(i, published[from]);
  }

  std::span<const Message> fetch(Vertex vertex) {
    const std::span<const Vertex> sources = graph.in(vertex);
    if (buffer_.size() < sources.size()) buffer_.resize(sources.size());
    const Message* published = published_->values().data();
    std::transform(sources.begin(), sources.end(), buffer_.begin(), [=](Vertex from) { return published[from]; });
    return {buffer_.data(), sources.size()};
  }

  [[gnu::noinline]] void fold_messages() {
    for (const auto& run : box_.runs())
      for (Letter& letter : run.values)
        if (const std::size_t i = local(letter.to); is_there(i, letter.to)) take(i, letter.message);
  }

  /// Sorts the messages by vertex: the published ones first, then those from the mailbox in the order of arrival.
  [[gnu::noinline]] void sort_messages(bool pulled) {
    const auto count = [&](std::size_t i, std::size_t more) {
      if (!test(has, i)) set(has, i), count_[i] = 0;
      count_[i] += more;
    };
    if constexpr (can_pull)
      if (pulled)
        for (std::size_t i = share.begin - base; i < size; ++i)
          if (const std::size_t found = count_published(static_cast<Vertex>(base + i)); found != 0) count(i, found);
    for (const auto& run : box_.runs())
      for (const Letter& letter : run.values)
        if (const std::size_t i = local(letter.to); is_there(i, letter.to)) count(i, 1);
    std::size_t end = 0;
    for (std::size_t w = 0; w < has.size(); ++w)
      for (std::uint64_t bits = has[w]; bits != 0; bits &= bits - 1) {
        const std::size_t i = 64 * w + static_cast<std::size_t>(std::countr_zero(bits));
        first_[i] = end;
        end += std::exchange(count_[i], 0);
      }
    if (buffer_.size() < end) buffer_.resize(end);
    if constexpr (can_pull)
      if (pulled) {
        const Message* published = published_->values().data();
        const std::uint8_t* flags = has_published_->values().data();
        for (std::size_t i = share.begin - base; i < size; ++i)
          for (const Vertex from : graph.in(static_cast<Vertex>(base + i)))
            if (flags[from] != 0) buffer_[first_[i] + count_[i]++] = published[from];
      }
    for (const auto& run : box_.runs())
      for (Letter& letter : run.values)
        if (const std::size_t i = local(letter.to); !mutates || test(exists, i))
          buffer_[first_[i] + count_[i]++] = std::move(letter.message);
  }
  std::size_t count_published(Vertex vertex) const {
    std::size_t count = 0;
    for (const Vertex from : graph.in(vertex)) count += has_published_->values()[from];
    return count;
  }

  bool is_there(std::size_t i, Vertex vertex) {
    if (i - (share.begin - base) >= share.size()) [[unlikely]]
      throw_at_vertex(Errc::corrupt, peer.rank(), superstep, vertex,
                      "a message for it came to a peer that does not own it");
    if constexpr (mutates) {
      if (test(exists, i)) return true;
      if (options.on_missing == OnMissing::fail)
        throw_at_vertex(Errc::not_found, peer.rank(), superstep, vertex, "a message came, but the vertex is not there");
      ++dropped;
      return false;
    } else {
      return true;
    }
  }

  void apply_changes() {
    requests_.clear();
    for (const auto& run : changes_->runs())
      for (Mutation<Value>& mutation : run.values) requests_.push_back(std::move(mutation));
    Changing<VertexState> changing{*this};
    for_each_request(requests_, [&](std::span<Mutation<Value>> group) { changing.apply(group); });
  }

  std::uint64_t edges_ = 0;  // entries of all out-lists: undirected edges count in both directions
  bsp::Mailbox<Letter> box_;
  std::vector<Message> inbox_{};                // with a combiner: by local number
  std::vector<std::size_t> first_{}, count_{};  // without a combiner: where a vertex's messages are in the buffer
  std::vector<Message> buffer_{};
  bool fetches_ = false;  // all messages were published; `messages` reads them when a vertex is computed
  If<can_accumulate, std::optional<bsp::Combining<Vertex, Message, Combine<Program>>>> combined_{};
  If<can_pull, std::optional<bsp::Replicated<Message>>> published_{};
  If<can_pull, std::optional<bsp::Replicated<std::uint8_t>>> has_published_{};
  If<mutates, std::optional<bsp::Mailbox<Mutation<Value>>>> changes_{};
  std::vector<Mutation<Value>> requests_{};
};

}  // namespace scalar::inline v0::graph::detail
