#pragma once
/// Personalized PageRank: how near each vertex is to given sources, for a random walker who returns to them.
#include <span>

#include "scalar/graph/algorithms/pagerank.hpp"

namespace scalar::inline v0::graph {

/// PageRank whose walker jumps to `sources` only: `pagerank` whose `teleport` is the number of times that each vertex
/// is named in `sources`. With `Dangling::redistribute`, the rank of vertices without out-edges returns to the sources
/// too.
///
/// Errors: `Errc::invalid_argument` without sources or with `options.teleport`; `Errc::out_of_range` for an invalid
/// source; those of `pagerank`.
/// Source: Page, Brin, Motwani and Winograd, The PageRank citation ranking, 1999, section 6.
PageRank<double> personalized_pagerank(const Graph& graph, std::span<const Vertex> sources,
                                       const PageRankOptions& options = {}, const Runtime& runtime = {});

/// `personalized_pagerank` inside an engine: every peer calls it with equal sources and gets its share. `graph` must
/// outlive the call.
bsp::Task<PageRank<double>> personalized_pagerank(bsp::Peer& peer, const Graph& graph, std::span<const Vertex> sources,
                                                  PageRankOptions options = {});

}  // namespace scalar::inline v0::graph
