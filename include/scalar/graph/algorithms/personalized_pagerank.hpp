#pragma once
/// Personalized PageRank: how near the vertices are to a few of them, for a walker who returns to these.
#include <span>

#include "scalar/graph/algorithms/pagerank.hpp"

namespace scalar::inline v0::graph {

/// PageRank whose walker jumps to `sources` only, each as often as it is named: `pagerank` with that `teleport`, for
/// which rank that no edge takes on returns to the sources too (under `Dangling::redistribute`).
///
/// Errors: `Errc::invalid_argument` without sources or with an `options.teleport` of its own; `Errc::out_of_range` for
/// a source that is no vertex; those of `pagerank`. Source: Page, Brin, Motwani and Winograd, The PageRank citation
/// ranking, 1999, section 6.
PageRank<double> personalized_pagerank(const Graph& graph, std::span<const Vertex> sources,
                                       const PageRankOptions& options = {}, const Runtime& runtime = {});

/// The same inside an engine: every peer calls it with equal sources and gets its share. `graph` must outlive the call.
bsp::Task<PageRank<double>> personalized_pagerank(bsp::Peer& peer, const Graph& graph, std::span<const Vertex> sources,
                                                  PageRankOptions options = {});

}  // namespace scalar::inline v0::graph
