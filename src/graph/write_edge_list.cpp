#include <array>
#include <charconv>
#include <string>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/data/store.hpp"
#include "scalar/graph/write.hpp"

namespace scalar::inline v0::graph {
namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 16;

template <class T>
void append(std::string& text, T number) {
  std::array<char, 32> digits;
  text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void check_name(const std::string& name, const data::Uri& uri) {
  bool reads_back = !name.empty() && name[0] != '#' && name[0] != '%' && !name.starts_with("\xef\xbb\xbf");
  for (const char c : name) reads_back = reads_back && static_cast<unsigned char>(c) > 0x20;
  if (!reads_back)
    fail(Errc::unsupported, uri.string(), "the id {} would not read back from an edge list", quoted(name));
}

}  // namespace

void write_edge_list(const Graph& graph, const data::Uri& uri, const Runtime& runtime) {
  const auto output = runtime.slot<data::Stores>().find(uri).create(uri);
  std::string text;
  const auto append_id = [&](Vertex v) {
    if (graph.ids() != Ids::text) return append(text, graph.id(v));
    const std::string name = graph.name(v);
    check_name(name, uri);
    text += name;
  };
  for (Vertex v = 0; v < graph.vertices(); ++v) {
    const auto neighbors = graph.out(v);
    const auto weights = graph.out_weights(v);
    for (std::size_t i = 0; i < neighbors.size(); ++i) {
      if (!graph.is_directed() && neighbors[i] < v) continue;
      append_id(v);
      text += '\t';
      append_id(neighbors[i]);
      if (!weights.empty()) append(text += '\t', weights[i]);
      text += '\n';
      if (text.size() < block_bytes) continue;
      output->write(std::as_bytes(std::span<const char>(text)));
      text.clear();
    }
  }
  output->write(std::as_bytes(std::span<const char>(text)));
  output->commit();
}

}  // namespace scalar::inline v0::graph
