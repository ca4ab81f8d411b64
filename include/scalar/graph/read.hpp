#pragma once
/// Graphs from files: edge lists, Matrix Market, LDBC Graphalytics, GAPBS.
///
/// All read strictly and in a stream: the memory taken follows what has arrived, never what a header claims. Text
/// formats are decompressed where they are gzip. Errors name the file and the line, what was there and what was
/// expected: `Errc::parse`; `Errc::out_of_range` for a number that does not fit; `Errc::corrupt` for damaged gzip;
/// `Errc::too_large` for a line above 64 KiB or too many vertices; those of the store and of `from_edges`.
/// Weights are decimals, rounded to float32. `Errc::out_of_range` for one beyond float32, for one that would become 0,
/// and for one above 2^24 without an exponent that would change. The `parse_` functions read the same from memory.
/// Thread safety: all from any thread.
#include <cstdint>
#include <string_view>

#include "scalar/core/runtime.hpp"
#include "scalar/data/uri.hpp"
#include "scalar/graph/build.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// What is in an edge list, and what to make of it.
struct ReadEdgesOptions {
  BuildOptions build{};
  Ids ids = Ids::numbers;  ///< `Ids::text`: any words; `Ids::dense`: numbers that are the vertices themselves
  bool weighted = false;   ///< a third column holds the weight, a decimal
};

/// Reads an edge list as SNAP has them: a line an edge, two ids and perhaps a weight between blanks or tabs; empty
/// lines and those that begin with '#' or '%' (KONECT) are skipped. More columns than expected are an error, not
/// ignored.
Graph read_edge_list(const data::Uri& uri, const ReadEdgesOptions& options = {}, const Runtime& runtime = {});
Graph parse_edge_list(std::string_view text, const ReadEdgesOptions& options = {}, const Runtime& runtime = {});

/// Reads a square sparse matrix (NIST, "The Matrix Market exchange formats", 1996): `coordinate`; `pattern`, `integer`
/// or `real`; `general`, `symmetric` or `skew-symmetric`. An entry (i, j) is an edge from vertex i - 1 to j - 1, its
/// value the weight. A general matrix is a directed graph, a symmetric one undirected; of a skew-symmetric one both
/// triangles become directed edges. `options.directed` and `.vertices` are the file's. A file that contradicts its
/// first line is `Errc::parse`: values in a pattern, a fraction among integers, a diagonal in a skew-symmetric one, an
/// entry that is there twice (in a general matrix only with `Duplicates::keep`) or, in a triangle, beside its mirror
/// image. Errors: also `Errc::unsupported` for other kinds of matrices, `Errc::shape_mismatch` for one that is not
/// square, `Errc::too_large` for one with above 2^20 + 64 rows for each entry.
Graph read_matrix_market(const data::Uri& uri, const BuildOptions& options = {}, const Runtime& runtime = {});
Graph parse_matrix_market(std::string_view text, const BuildOptions& options = {}, const Runtime& runtime = {});

/// Reads a graph of the LDBC Graphalytics benchmark (specification 1.0.4, section 2.2.2): a `.v` file with a vertex id
/// and perhaps its properties, which are not read, a line and an `.e` file with an edge a line. Errors: also
/// `Errc::parse` for a vertex given twice, `Errc::not_found` for an edge's end that is no vertex.
Graph read_graphalytics(const data::Uri& vertices, const data::Uri& edges, const ReadEdgesOptions& options = {},
                        const Runtime& runtime = {});
Graph parse_graphalytics(std::string_view vertices, std::string_view edges, const ReadEdgesOptions& options = {},
                         const Runtime& runtime = {});

/// Reads a serialized graph of the GAP benchmark suite (S. Beamer, `converter`), `.sg` or, where the file is as long as
/// weights make it, `.wsg`. Lists that are not in order are sorted. `in_edges`: hold those of a directed graph.
/// Errors: `Errc::parse` for a file as long as its header does not say, offsets that go down or beyond the edges, a
/// neighbor that is no vertex, an undirected graph with an edge at one end only, in-edges that are not the edges.
Graph read_sg(const data::Uri& uri, bool in_edges = true, const Runtime& runtime = {});
Graph parse_sg(std::string_view bytes, bool in_edges = true, const Runtime& runtime = {});

}  // namespace scalar::inline v0::graph
