"""Writes reference.json: what networkx and scipy say of made graphs, and of the real ones in SCALAR_SHARED_DATA.

usage: python reference.py PATH_TO_SHARED_DATA   (needs networkx and scipy from PyPI)
"""
import gzip
import json
import pathlib
import random
import sys

import networkx as nx
import numpy as np
import scipy
import scipy.sparse as sp
from scipy.sparse import csgraph


def made(name, n, edges, directed):
    """Edges with weights; the lightest of several edges is what a path takes."""
    kind = nx.MultiDiGraph if directed else nx.MultiGraph
    graph = kind()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from(edges)
    bare = kind()  # PageRank of networkx takes weights for multiplicities
    bare.add_nodes_from(range(n))
    bare.add_edges_from((a, b) for a, b, _ in edges)
    teleport = {v: float(v % 3) for v in range(n)}
    pagerank = lambda **more: list(nx.pagerank(bare, alpha=0.85, tol=1e-15, max_iter=1000, **more).values())
    looped = bare.copy()
    looped.add_edges_from((v, v) for v in range(n) if bare.degree(v) == 0 or directed and bare.out_degree(v) == 0)
    depths = nx.single_source_shortest_path_length(graph, 0)
    distances = nx.single_source_dijkstra_path_length(graph, 0)
    components = nx.weakly_connected_components(graph) if directed else nx.connected_components(graph)
    labels = [0] * n
    for component in components:
        for v in component:
            labels[v] = min(component)
    return {
        "name": name, "vertices": n, "directed": directed, "edges": [list(e) for e in edges],
        "pagerank": pagerank(),
        "pagerank_self_loop": list(nx.pagerank(looped, alpha=0.85, tol=1e-15, max_iter=1000).values()),
        "pagerank_teleport": pagerank(personalization=teleport) if n > 1 else [1.0],
        "depths": [depths.get(v, -1) for v in range(n)],
        "distances": [distances.get(v, -1) for v in range(n)],
        "labels": labels,
    }


def drawn(seed, n, m):
    rng = random.Random(seed)
    return [(rng.randrange(n), rng.randrange(n), rng.randrange(0, 40) / 4) for _ in range(m)]


def made_graphs():
    yield made("sparse, many dangling", 150, drawn(1, 150, 160), True)
    yield made("dense with duplicates and loops", 60, drawn(2, 60, 900), True)
    yield made("undirected", 200, drawn(3, 200, 260), False)
    yield made("undirected, dense", 70, drawn(4, 70, 800), False)
    yield made("two cliques and alone ones", 40,
               [(a, b, 1 + a) for c in (0, 20) for a in range(c, c + 10) for b in range(a + 1, c + 10)], False)
    yield made("a star inwards", 80, [(v, 0, v / 2) for v in range(1, 80)], True)
    yield made("a star outwards", 80, [(0, v, v / 2) for v in range(1, 80)], True)
    yield made("one vertex", 1, [], True)
    yield made("a loop at one vertex", 2, [(0, 0, 1), (0, 0, 3)], True)


def real(path, directed):
    data = (gzip.open if path.suffix == ".gz" else open)(path, "rt")
    edges = np.array([[int(x) for x in line.split()] for line in data if not line.startswith("#")])
    ids = np.unique(edges)
    a, b = np.searchsorted(ids, edges[:, 0]), np.searchsorted(ids, edges[:, 1])
    n = len(ids)
    # Each listed edge counts, also a repeated one; the weight of a to b does not depend on the direction.
    ones = sp.coo_matrix((np.ones(len(a)), (a, b)), shape=(n, n)).tocsr()
    if not directed:
        ones = ones + ones.T
    degree = np.asarray(ones.sum(axis=1)).ravel()
    rank = np.full(n, 1 / n)
    for _ in range(50):  # the power iteration as its definition says
        share = np.divide(rank, degree, out=np.zeros(n), where=degree > 0)
        rank = 0.15 / n + 0.85 * (ones.T @ share + rank[degree == 0].sum() / n)
    top = np.argsort(-rank, kind="stable")[:10]
    weights = 1 + (np.minimum(a, b) * 31 + np.maximum(a, b) * 17) % 100
    weighted = one_of_each(a, b, weights, n)
    depths = csgraph.dijkstra(ones, directed=directed, indices=0, unweighted=True)
    distances = csgraph.dijkstra(weighted, directed=directed, indices=0)
    count, _ = csgraph.connected_components(ones, directed=True, connection="weak")
    reached = np.isfinite(depths)
    return {
        "vertices": n, "edges": len(edges), "components": int(count), "top": [int(ids[v]) for v in top],
        "ranks": [float(rank[v]) for v in top], "reached": int(reached.sum()),
        "depths": [int(c) for c in np.bincount(depths[reached].astype(int))],
        "distance_sum": int(distances[reached].sum()), "distance_max": int(distances[reached].max()),
    }


def one_of_each(a, b, weights, n):
    """Repeated edges have equal weights here: one of each stays."""
    _, first = np.unique(a.astype(np.int64) * n + b, return_index=True)
    return sp.csr_matrix((weights[first].astype(float), (a[first], b[first])), shape=(n, n))


if __name__ == "__main__":
    data = pathlib.Path(sys.argv[1])
    reference = {
        "made_with": f"networkx {nx.__version__}, scipy {scipy.__version__}",
        "graphs": list(made_graphs()),
        "web-NotreDame.txt.gz": real(data / "web-NotreDame.txt.gz", True),
        "facebook_combined.txt": real(data / "facebook_combined.txt", False),
    }
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text(json.dumps(reference, separators=(",", ":")) + "\n")
    print(path.stat().st_size, {k: v for k, v in reference["web-NotreDame.txt.gz"].items()})
    print(reference["facebook_combined.txt"])
