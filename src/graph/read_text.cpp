#include <optional>

#include "graph/collector.hpp"
#include "graph/lines.hpp"
#include "scalar/graph/read.hpp"

namespace scalar::inline v0::graph {
namespace {

Lines open_lines(const data::Uri& uri, const Runtime& runtime) {
  return {data::open_stream(uri, runtime), uri.string()};
}
Lines memory_lines(std::string_view text, const char* name) { return {data::memory_stream(text, name), name}; }

constexpr const char* edge_line(bool weighted) noexcept {
  return weighted ? "two vertex ids and a weight" : "two vertex ids (weighted = true reads a third column)";
}

/// Reads lines of edges; `vertex` reads the next field and returns its vertex.
template <class ToVertex>
void read_edges(Lines& lines, bool weighted, Collector& collector, const ToVertex& vertex) {
  for (std::string_view line; lines.next(line);) {
    Fields fields(lines, line);
    if (fields.is_comment()) continue;
    const Vertex from = vertex(fields), to = vertex(fields);
    if (weighted) {
      const float weight = fields.weight();
      collector.push(from, to, weight);
    } else {
      collector.push(from, to);
    }
    fields.expect_end(edge_line(weighted));
  }
}

template <class Id>
Vertex add_at(Lines& lines, Collector& collector, Id id) {
  try {
    return collector.add(id);
  } catch (const Error& error) {
    lines.fail(error.code(), "{}", error.message());
  }
}

Graph edge_list(Lines lines, const ReadEdgesOptions& options, const Runtime& runtime) {
  check(options.build, options.weighted);
  Collector collector(options.build, options.ids);
  if (options.ids == Ids::text)
    read_edges(lines, options.weighted, collector,
               [&](Fields& fields) { return add_at(lines, collector, fields.word("vertex id")); });
  else
    read_edges(lines, options.weighted, collector,
               [&](Fields& fields) { return add_at(lines, collector, fields.number("vertex id")); });
  try {
    return collector.build(options.weighted, runtime);
  } catch (const Error& error) {
    throw error.within(lines.file());
  }
}

Graph graphalytics(Lines vertices, Lines edges, const ReadEdgesOptions& options, const Runtime& runtime) {
  check(options.build, options.weighted);
  const bool text = options.ids == Ids::text;
  Collector collector(options.build, text ? Ids::text : Ids::numbers);
  const auto add = [&](auto id) {
    if (collector.find(id) != no_vertex)
      vertices.fail(Errc::parse, "the vertex is there already, expected each one once");
    add_at(vertices, collector, id);
  };
  for (std::string_view line; vertices.next(line);) {
    Fields fields(vertices, line);
    if (fields.is_comment()) continue;
    // The properties of the vertex, which follow its id, are skipped: a Graph does not hold them.
    if (text)
      add(fields.word("vertex id"));
    else
      add(fields.number("vertex id"));
  }
  const auto known = [&](auto id, auto spell) {
    const Vertex vertex = collector.find(id);
    if (vertex == no_vertex) edges.fail(Errc::not_found, "vertex {} is not in {}", spell(id), vertices.file());
    return vertex;
  };
  if (text)
    read_edges(edges, options.weighted, collector,
               [&](Fields& fields) { return known(fields.word("vertex id"), quoted); });
  else
    read_edges(edges, options.weighted, collector, [&](Fields& fields) {
      return known(fields.number("vertex id"), [](std::uint64_t id) { return std::to_string(id); });
    });
  try {
    return collector.build(options.weighted, runtime);
  } catch (const Error& error) {
    throw error.within(edges.file());
  }
}

}  // namespace

Graph read_edge_list(const data::Uri& uri, const ReadEdgesOptions& options, const Runtime& runtime) {
  return edge_list(open_lines(uri, runtime), options, runtime);
}
Graph parse_edge_list(std::string_view text, const ReadEdgesOptions& options, const Runtime& runtime) {
  return edge_list(memory_lines(text, "edges"), options, runtime);
}

Graph read_graphalytics(const data::Uri& vertices, const data::Uri& edges, const ReadEdgesOptions& options,
                        const Runtime& runtime) {
  return graphalytics(open_lines(vertices, runtime), open_lines(edges, runtime), options, runtime);
}
Graph parse_graphalytics(std::string_view vertices, std::string_view edges, const ReadEdgesOptions& options,
                         const Runtime& runtime) {
  return graphalytics(memory_lines(vertices, "vertices"), memory_lines(edges, "edges"), options, runtime);
}

}  // namespace scalar::inline v0::graph
