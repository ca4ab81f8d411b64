#pragma once
/// Writes graphs to files. A file appears only when it is complete. Errors: those of the store, with the URI.
#include "scalar/core/runtime.hpp"
#include "scalar/data/uri.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// Writes a text with one line per edge: two ids and, in a graph with weights, the weight as the shortest decimal that
/// reads back to it, separated by tabs. An undirected edge is written once. Vertices without edges are not in the text.
/// Errors: `Errc::unsupported` for a text id that would not read back: one that is empty, contains a blank or a control
/// character, or begins with '#', '%' or a byte order mark.
void write_edge_list(const Graph& graph, const data::Uri& uri, const Runtime& runtime = {});

/// Writes the format that `read_sg` reads; `.wsg` if the graph has weights. Ids are not written: vertices are their
/// numbers.
/// Errors: `Errc::too_large` above 2^31 - 1 vertices; `Errc::type_mismatch` for a weight that is not a 32-bit integer.
void write_sg(const Graph& graph, const data::Uri& uri, const Runtime& runtime = {});

}  // namespace scalar::inline v0::graph
