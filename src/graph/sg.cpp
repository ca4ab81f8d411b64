// Reads and writes the serialized graphs of the GAP benchmark suite. A file holds a byte "directed", int64 edges and
// int64 vertices. Then follow the out-edges and, for a directed graph, the in-edges: int64 offsets[vertices + 1], then
// for each edge the int32 neighbor (.sg), or the neighbor and its int32 weight (.wsg). In the byte order of the
// machine.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "data/stream.hpp"
#include "graph/csr.hpp"
#include "scalar/data/store.hpp"
#include "scalar/graph/read.hpp"
#include "scalar/graph/write.hpp"

namespace scalar::inline v0::graph {
namespace {

static_assert(std::endian::native == std::endian::little, "the files that exist are little-endian");

constexpr std::size_t header_bytes = 17;
constexpr std::int64_t vertex_grain = 4096;
constexpr std::size_t pairs_at_once = std::size_t{1} << 16;

using Pair = std::array<std::int32_t, 2>;  // a neighbor and the weight of its edge

std::uint64_t mix(std::uint64_t x) noexcept {  // splitmix64 (Steele, Lea, Flood 2014)
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// A hash of all edges that does not depend on their order; `turned`: of the edges turned around. If both hashes of an
/// undirected graph are equal, each edge is there in both directions, except with a probability of 2^-64 in files that
/// nobody has forged.
std::uint64_t fingerprint(const Lists& lists, bool turned, const Runtime& runtime) {
  std::atomic<std::uint64_t> total{0};
  parallel_for(runtime, lists.offsets.size() - 1, vertex_grain, [&](std::int64_t begin, std::int64_t end) {
    std::uint64_t sum = 0;
    for (std::int64_t v = begin; v < end; ++v) {
      for (std::int64_t i = lists.offsets[v]; i < lists.offsets[v + 1]; ++i) {
        auto from = static_cast<Vertex>(v), to = lists.neighbors[i];
        if (turned) std::swap(from, to);
        std::uint64_t edge = mix((std::uint64_t{from} << 32 | to) + 0x9e3779b97f4a7c15u);
        if (lists.weighted()) edge = mix(edge + std::bit_cast<std::uint32_t>(lists.weights[i]));
        sum += edge;
      }
    }
    total += sum;
  });
  return total;
}

class SgReader {
 public:
  SgReader(data::ReadBytes source, std::uint64_t size, std::string file, const Runtime& runtime)
      : source_(std::move(source)), size_(size), file_(std::move(file)), runtime_(runtime) {}

  Graph read(bool in_edges) {
    read_header();
    Lists out = read_lists("out");
    std::shared_ptr<Lists> in;
    if (!directed_ && fingerprint(out, false, runtime_) != fingerprint(out, true, runtime_))
      fail(Errc::parse, "an undirected graph with an edge at one of its ends only");
    if (directed_ && in_edges) {
      in = std::make_shared<Lists>(read_lists("in"));
      if (fingerprint(out, true, runtime_) != fingerprint(*in, false, runtime_))
        fail(Errc::parse, "its in-edges are not its edges turned around");
    }
    return finish(static_cast<Vertex>(vertices_), std::move(out), {.directed = directed_, .in_edges = in_edges},
                  nullptr, runtime_, in);
  }

 private:
  template <class... Arguments>
  [[noreturn]] void fail(Errc code, fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    scalar::fail(code, file_, format, std::forward<Arguments>(arguments)...);
  }

  void fill(void* out, std::size_t bytes) {
    for (auto* at = static_cast<std::byte*>(out); bytes > 0;) {
      const std::size_t got = source_({at, bytes});
      if (got == 0) fail(Errc::parse, "ended while it was read");
      at += got;
      bytes -= got;
    }
  }

  void read_header() {
    if (size_ < header_bytes) fail(Errc::parse, "has {} bytes, expected a header of {}", size_, header_bytes);
    unsigned char directed = 0;
    fill(&directed, 1);
    fill(&edges_, 8);
    fill(&vertices_, 8);
    if (directed > 1) fail(Errc::parse, "begins with byte {}, expected 0 (undirected) or 1", directed);
    directed_ = directed == 1;
    // Allocates nothing for counts that do not agree with the length of the file.
    const std::uint64_t sides = directed_ ? 2 : 1;
    if (vertices_ > size_ / 8 || edges_ > size_ / 4)
      fail(Errc::parse, "claims {} vertices and {} entries in {} bytes", vertices_, edges_, size_);
    if (vertices_ > max_vertices) fail(Errc::too_large, "{} vertices", vertices_);
    const std::uint64_t plain = header_bytes + sides * (8 * (vertices_ + 1) + 4 * edges_);
    weighted_ = edges_ != 0 && size_ == plain + sides * 4 * edges_;
    if (size_ != plain && !weighted_)
      fail(Errc::parse, "has {} bytes, expected {} for {} vertices and {} entries, or {} with weights", size_, plain,
           vertices_, edges_, plain + sides * 4 * edges_);
  }

  Lists read_lists(const char* side) {
    Lists lists;
    const auto vertices = static_cast<std::int64_t>(vertices_), entries = static_cast<std::int64_t>(edges_);
    lists.offsets = Array<std::int64_t>(vertices + 1);
    fill(lists.offsets.data(), lists.offsets.bytes());
    for (std::int64_t v = 0, before = 0; v <= vertices; before = lists.offsets[v++])
      if (lists.offsets[v] < before || lists.offsets[v] > entries || (v == 0 && lists.offsets[v] != 0))
        fail(Errc::parse, "{}-offset {} is {}, expected {}", side, v, lists.offsets[v],
             v == 0 ? "0" : fmt::format("{} to {}", before, entries));
    if (lists.offsets[vertices] != entries)
      fail(Errc::parse, "the last {}-offset is {}, expected the number of entries, {}", side, lists.offsets[vertices],
           entries);
    lists.neighbors = Array<Vertex>(entries);
    if (weighted_)
      read_pairs(lists, entries);
    else
      fill(lists.neighbors.data(), lists.neighbors.bytes());
    check_neighbors(lists, side);
    return lists;
  }

  void read_pairs(Lists& lists, std::int64_t entries) {
    lists.weights = Array<float>(entries);
    std::vector<Pair> pairs;
    for (std::int64_t i = 0; i < entries;) {
      pairs.resize(static_cast<std::size_t>((std::min)(entries - i, std::int64_t{pairs_at_once})));
      fill(pairs.data(), pairs.size() * sizeof(Pair));
      for (const auto& [neighbor, weight] : pairs) {
        lists.neighbors[i] = static_cast<Vertex>(neighbor);
        if (static_cast<double>(static_cast<float>(weight)) != weight)
          fail(Errc::out_of_range, "weight {} is {}, expected what a float32 holds exactly", i, weight);
        lists.weights[i++] = static_cast<float>(weight);
      }
    }
  }

  void check_neighbors(Lists& lists, const char* side) const {
    std::atomic<bool> outside{false}, unordered{false};
    parallel_for(runtime_, lists.offsets.size() - 1, vertex_grain, [&](std::int64_t begin, std::int64_t end) {
      const Vertex* const first = lists.neighbors.data();
      if (std::any_of(first + lists.offsets[begin], first + lists.offsets[end],
                      [&](Vertex v) { return v >= vertices_; }))
        outside = true;
      for (; begin < end && !unordered; ++begin)
        if (!is_ordered(lists, lists.offsets[begin], lists.offsets[begin + 1])) unordered = true;
    });
    if (outside) {
      const Vertex* const first = lists.neighbors.data();
      const Vertex* const wrong =
          std::find_if(first, first + lists.neighbors.size(), [&](Vertex v) { return v >= vertices_; });
      fail(Errc::parse, "{}-neighbor {} is {}, expected a vertex from 0 to {}", side, wrong - first,
           static_cast<std::int32_t>(*wrong), static_cast<std::int64_t>(vertices_) - 1);
    }
    if (unordered) sort_lists(lists, runtime_);
  }

  static bool is_ordered(const Lists& lists, std::int64_t begin, std::int64_t end) noexcept {
    for (std::int64_t i = begin + 1; i < end; ++i) {
      if (lists.neighbors[i - 1] > lists.neighbors[i]) return false;
      if (lists.weighted() && lists.neighbors[i - 1] == lists.neighbors[i] && lists.weights[i - 1] > lists.weights[i])
        return false;
    }
    return true;
  }

  data::ReadBytes source_;
  std::uint64_t size_;
  std::string file_;
  Runtime runtime_;
  bool directed_ = false, weighted_ = false;
  std::uint64_t edges_ = 0, vertices_ = 0;
};

template <class T>
void put(data::Output& output, std::span<const T> values) {
  output.write(std::as_bytes(values));
}

std::int32_t integer_weight(float weight, const std::string& file) {
  if (!(weight >= -0x1p31f && weight < 0x1p31f) || weight != static_cast<float>(static_cast<std::int32_t>(weight)))
    fail(Errc::type_mismatch, file, "a weight of {}, expected a 32-bit integer", shown(weight));
  return static_cast<std::int32_t>(weight);
}

void put_side(data::Output& output, std::span<const std::int64_t> offsets, std::span<const Vertex> neighbors,
              std::span<const float> weights, const std::string& file) {
  put(output, offsets);
  if (weights.empty()) return put(output, neighbors);
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < neighbors.size();) {
    pairs.resize((std::min)(neighbors.size() - i, pairs_at_once));
    for (Pair& pair : pairs) {
      pair = {static_cast<std::int32_t>(neighbors[i]), integer_weight(weights[i], file)};
      ++i;
    }
    put(output, std::span<const Pair>(pairs));
  }
}

}  // namespace

Graph read_sg(const data::Uri& uri, bool in_edges, const Runtime& runtime) {
  const std::shared_ptr<data::Input> input = data::open(uri, runtime);
  return SgReader([input](std::span<std::byte> out) { return input->read(out); }, input->size_bytes(), uri.string(),
                  runtime)
      .read(in_edges);
}

Graph parse_sg(std::string_view bytes, bool in_edges, const Runtime& runtime) {
  const std::uint64_t size = bytes.size();
  const auto read = [bytes](std::span<std::byte> out) mutable {
    const std::size_t count = (std::min)(bytes.size(), out.size());
    if (count != 0) std::memcpy(out.data(), bytes.data(), count);
    bytes.remove_prefix(count);
    return count;
  };
  return SgReader(read, size, "sg", runtime).read(in_edges);
}

void write_sg(const Graph& graph, const data::Uri& uri, const Runtime& runtime) {
  if (graph.vertices() > 0x7fffffffu)
    fail(Errc::too_large, uri.string(), "{} vertices, expected at most 2147483647", graph.vertices());
  const Graph whole = graph.with_in_edges(runtime);
  const auto output = runtime.slot<data::Stores>().find(uri).create(uri);
  const auto directed = static_cast<char>(whole.is_directed());
  const std::int64_t counts[] = {static_cast<std::int64_t>(whole.out_neighbors().size()), whole.vertices()};
  put(*output, std::span<const char>(&directed, 1));
  put(*output, std::span<const std::int64_t>(counts));
  put_side(*output, whole.out_offsets(), whole.out_neighbors(), whole.out_weights(), uri.string());
  if (whole.is_directed())
    put_side(*output, whole.in_offsets(), whole.in_neighbors(), whole.in_weights(), uri.string());
  output->commit();
}

}  // namespace scalar::inline v0::graph
