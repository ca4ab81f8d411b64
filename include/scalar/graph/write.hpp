#pragma once
/// Graphs to files. Each is written at once and whole; errors are those of the store, with the uri.
#include "scalar/core/runtime.hpp"
#include "scalar/data/uri.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// Writes a line an edge: two ids with a tab between and, where there are any, the weight, the shortest decimal that
/// reads back to it. An undirected edge is written once. Vertices without edges are not in the text.
/// Errors: `Errc::unsupported` for a text id that would not read back: empty, with a blank or a control character in
/// it, or with '#' in front.
void write_edge_list(const Graph& graph, const data::Uri& uri, const Runtime& runtime = {});

/// Writes the form that `read_sg` reads, `.wsg` where there are weights. Ids are not in it: vertices are as numbered.
/// Errors: `Errc::too_large` above 2^31 - 1 vertices; `Errc::type_mismatch` for a weight that is no 32-bit integer.
void write_sg(const Graph& graph, const data::Uri& uri, const Runtime& runtime = {});

}  // namespace scalar::inline v0::graph
