#pragma once
/// Reads graphs from files: edge lists, Matrix Market, LDBC Graphalytics, GAPBS.
///
/// All readers are strict and read a stream: they take memory for what has arrived, never for what a header claims.
/// Text formats may be compressed with gzip. Errors name the file and the line, what was there and what was expected:
/// `Errc::parse`; `Errc::out_of_range` for a number that does not fit; `Errc::corrupt` for damaged gzip;
/// `Errc::too_large` for a line above 64 KiB or too many vertices; those of the store and of `from_edges`. Weights are
/// decimals, rounded to float32. A weight is `Errc::out_of_range` if it is beyond float32, if it would become 0, or if
/// it is above 2^24, has no exponent and would change. The `parse_` functions read the same formats from memory. Thread
/// safety: all functions from any thread.
#include <cstdint>
#include <string_view>

#include "scalar/core/runtime.hpp"
#include "scalar/data/uri.hpp"
#include "scalar/graph/build.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// The format of an edge list, and how to build a graph from it.
struct ReadEdgesOptions {
  BuildOptions build{};
  Ids ids = Ids::numbers;  ///< `Ids::text`: any words; `Ids::dense`: numbers that are the vertices themselves
  bool weighted = false;   ///< a third column holds the weight, a decimal
};

/// Reads an edge list as published by SNAP. Each line is an edge: two ids and, with `weighted`, a weight, separated by
/// blanks or tabs. Empty lines and lines that begin with '#' or '%' (KONECT) are skipped. More columns than expected
/// are an error.
Graph read_edge_list(const data::Uri& uri, const ReadEdgesOptions& options = {}, const Runtime& runtime = {});
Graph parse_edge_list(std::string_view text, const ReadEdgesOptions& options = {}, const Runtime& runtime = {});

/// Reads a square sparse matrix (NIST, "The Matrix Market exchange formats", 1996): `coordinate`; `pattern`, `integer`
/// or `real`; `general`, `symmetric` or `skew-symmetric`. An entry (i, j) is an edge from vertex i - 1 to j - 1, its
/// value is the weight. A general matrix becomes a directed graph, a symmetric one an undirected graph; both triangles
/// of a skew-symmetric matrix become directed edges. `options.directed` and `options.vertices` are ignored: the file
/// defines them. A file that contradicts its first line is `Errc::parse`: values in a pattern, a fraction among
/// integers, a diagonal entry in a skew-symmetric matrix, an entry that is there twice (in a general matrix only with
/// `Duplicates::keep`) or, in a triangle, beside its mirror image. Errors: also `Errc::unsupported` for other kinds of
/// matrices, `Errc::shape_mismatch` for a matrix that is not square, `Errc::too_large` for more than 2^20 + 64 * edges
/// rows.
Graph read_matrix_market(const data::Uri& uri, const BuildOptions& options = {}, const Runtime& runtime = {});
Graph parse_matrix_market(std::string_view text, const BuildOptions& options = {}, const Runtime& runtime = {});

/// Reads a graph of the LDBC Graphalytics benchmark (specification 1.0.4, section 2.2.2). Each line of the `.v` file
/// has a vertex id and perhaps its properties, which are skipped; each line of the `.e` file has an edge. Errors: also
/// `Errc::parse` for a vertex that is given twice, `Errc::not_found` for an end of an edge that is not in the `.v`
/// file.
Graph read_graphalytics(const data::Uri& vertices, const data::Uri& edges, const ReadEdgesOptions& options = {},
                        const Runtime& runtime = {});
Graph parse_graphalytics(std::string_view vertices, std::string_view edges, const ReadEdgesOptions& options = {},
                         const Runtime& runtime = {});

/// Reads a serialized graph of the GAP benchmark suite (S. Beamer, `converter`): `.sg`, or `.wsg` if the file has the
/// length of one with weights. Lists that are not in order are sorted. `in_edges`: store the in-edges of a directed
/// graph.
/// Errors: `Errc::parse` for a file whose length does not agree with its header, offsets that decrease or exceed the
/// number of edges, an invalid neighbor, an undirected graph with an edge at one end only, in-edges that do not match
/// the out-edges.
Graph read_sg(const data::Uri& uri, bool in_edges = true, const Runtime& runtime = {});
Graph parse_sg(std::string_view bytes, bool in_edges = true, const Runtime& runtime = {});

}  // namespace scalar::inline v0::graph
