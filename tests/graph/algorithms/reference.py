"""Writes reference.json: graphs, and the answers of networkx and scipy to them.

Run in an environment with networkx and scipy (made with the versions that the file names):
    python3 tests/graph/algorithms/reference.py > tests/graph/algorithms/reference.json
Label propagation (LDBC Graphalytics), directed clustering and semi-clustering, which neither has, are written out here
from their definitions.
"""
import json
import random
import sys
from collections import Counter
from fractions import Fraction

import networkx as nx
import numpy
import scipy
import scipy.sparse

rng = random.Random(20100606)


def lists(case):
    """Out- and in-lists with multiplicity; of undirected graphs both are the same."""
    out = [[] for _ in range(case["vertices"])]
    into = [[] for _ in range(case["vertices"])]
    for a, b in case["edges"]:
        out[a].append(b)
        into[b].append(a)
        if not case["directed"] and a != b:
            out[b].append(a)
            into[a].append(b)
    return out, into


def simple(case):
    graph = nx.Graph()
    graph.add_nodes_from(range(case["vertices"]))
    graph.add_edges_from((a, b) for a, b in case["edges"] if a != b)
    return graph


def directed(case):
    out, _ = lists(case)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(case["vertices"]))
    for a, neighbors in enumerate(out):
        for b, count in Counter(neighbors).items():
            graph.add_edge(a, b, weight=count)
    return graph


def least_labels(components, vertices):
    labels = [0] * vertices
    for component in components:
        for v in component:
            labels[v] = min(component)
    return labels


def clustering(case):
    graph, arcs = simple(case), {(a, b) for a, b in case["edges"]}
    if not case["directed"]:
        seen = nx.clustering(graph)
        return [seen[v] for v in range(case["vertices"])]
    answer = []
    for v in range(case["vertices"]):
        near = set(graph[v])
        found = sum((a, b) in arcs for a in near for b in near if a != b)
        answer.append(found / (len(near) * (len(near) - 1)) if len(near) > 1 else 0.0)
    return answer


def label_propagation(case, iterations):
    out, into = lists(case)
    labels = list(range(case["vertices"]))
    for _ in range(iterations):
        following = []
        for v in range(case["vertices"]):
            near = out[v] + into[v] if case["directed"] else out[v]
            counts = Counter(labels[u] for u in near)
            most = max(counts.values(), default=0)
            following.append(min((l for l, c in counts.items() if c == most), default=labels[v]))
        labels = following
    return labels


def least_ancestor(case):
    graph = directed(case)
    labels = [None] * case["vertices"]
    for v in range(case["vertices"]):
        if labels[v] is None:
            for u in nx.descendants(graph, v) | {v}:
                if labels[u] is None:
                    labels[u] = v
    return labels


def semi_clusters(case, most_vertices, most_clusters, factor, iterations):
    """Pregel, section 5.5, with exact scores."""
    weight = Counter()
    for a, b in case["edges"]:
        if a != b:
            weight[min(a, b), max(a, b)] += 1
    near = [set() for _ in range(case["vertices"])]
    for a, b in weight:
        near[a].add(b)
        near[b].add(a)

    def score(members):
        if len(members) == 1:
            return Fraction(1)
        inside = sum(w for (a, b), w in weight.items() if a in members and b in members)
        boundary = sum(w for (a, b), w in weight.items() if (a in members) != (b in members))
        return (inside - factor * boundary) / Fraction(len(members) * (len(members) - 1), 2)

    known = {}

    def order(members):
        if members not in known:
            known[members] = (-score(members), len(members), sorted(members))
        return known[members]

    def best(clusters):
        return sorted(set(clusters), key=order)[:most_clusters]

    own = [[frozenset([v])] for v in range(case["vertices"])]
    told = [list(clusters) for clusters in own]
    for _ in range(iterations):
        following, changed = [], False
        for v in range(case["vertices"]):
            seen = [c for u in near[v] for c in told[u]]
            seen += [c | {v} for c in seen if v not in c and len(c) < most_vertices]
            kept = best(own[v] + [c for c in seen if v in c])
            changed |= kept != own[v]
            own[v] = kept
            following.append(best(seen))
        told = following
        if not changed:
            break
    return [[sorted(c) for c in clusters] for clusters in own]


def answers(case):
    n = case["vertices"]
    graph, arcs = simple(case), directed(case)
    out, into = lists(case)
    case["in_links"] = [len(l) for l in into]
    cores = nx.core_number(graph)
    case["cores"] = [cores[v] for v in range(n)]
    case["triangles"] = sum(nx.triangles(graph).values()) // 3
    case["clustering"] = clustering(case)
    case["strong"] = least_labels(nx.strongly_connected_components(arcs), n)
    case["labels"] = {str(k): label_propagation(case, k) for k in (1, 2, 7)}
    case["least_ancestor"] = least_ancestor(case)
    case["semi"] = semi_clusters(case, 4, 3, Fraction(1, 4), 6)
    case["maximum_matching"] = len(nx.max_weight_matching(graph, maxcardinality=True))
    if n:
        x = [rng.randrange(-8, 9) / 4 for _ in range(n)]
        matrix = scipy.sparse.csr_array(
            ([1.0] * sum(map(len, out)), ([a for a in range(n) for _ in out[a]], [b for a in range(n) for b in out[a]])),
            shape=(n, n))
        case["x"], case["spmv"], case["spmv_transposed"] = x, (matrix @ x).tolist(), (matrix.T @ x).tolist()
        case["sources"] = sorted(rng.sample(range(n), min(3, n)))
        ranks = nx.pagerank(arcs, alpha=0.85, personalization={v: 1 for v in case["sources"]}, max_iter=10000, tol=1e-14)
        case["personalized"] = [ranks[v] for v in range(n)]
    return case


def case(name, vertices, edges, directed):
    return answers({"name": name, "vertices": vertices, "directed": directed, "edges": [list(e) for e in edges]})


def drawn(vertices, count):
    return [(rng.randrange(vertices), rng.randrange(vertices)) for _ in range(count)]


karate = nx.karate_club_graph()
caveman = nx.connected_caveman_graph(6, 5)
layered = [(a, rng.randrange(a + 1, min(a + 12, 90))) for a in range(89) for _ in range(2)]  # no cycles
rings = [(10 * r + i, 10 * r + (i + 1) % 10) for r in range(8) for i in range(10)]  # cycles, one after the other
rings += [(10 * r + 3, 10 * r + 17) for r in range(7)]
cases = [
    case("empty", 0, [], True),
    case("one vertex", 1, [], True),
    case("one self-loop", 1, [(0, 0)], True),
    case("a vertex and a loop, undirected", 2, [(1, 1)], False),
    case("duplicates", 3, [(0, 1), (0, 1), (1, 2), (2, 2), (0, 1), (1, 0)], True),
    case("karate club", 34, karate.edges(), False),
    case("caves", 30, caveman.edges(), False),
    case("sparse, directed", 130, drawn(130, 160), True),
    case("dense, directed", 60, drawn(60, 500), True),
    case("sparse, undirected", 130, drawn(130, 150), False),
    case("dense, undirected", 40, drawn(40, 220), False),
    case("layers", 90, layered, True),
    case("rings in a row", 80, rings, True),
    case("two-way street", 70, [e for v in range(69) for e in ((v, v + 1), (v + 1, v))], True),
    case("star and dust", 75, [(7, v) for v in range(60) if v != 7], False),
]
sides = [i % 2 for i in range(100)]
pairs = [(a, b) for a, b in drawn(100, 260) if sides[a] != sides[b]]
graph = nx.Graph(pairs)
left = {v for v in graph if sides[v]}
matching = nx.bipartite.hopcroft_karp_matching(graph, left)
json.dump({"networkx": nx.__version__, "scipy": scipy.__version__, "cases": cases,
           "bipartite": {"vertices": 100, "edges": pairs, "left": sides, "maximum": len(matching) // 2}},
          sys.stdout, separators=(",", ":"))
