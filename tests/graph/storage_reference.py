"""Writes storage_reference.json: Matrix Market texts and the rows that scipy makes of them, and what networkx and scipy
say about two real graphs of SNAP.

    python3 tests/graph/storage_reference.py <folder with facebook_combined.txt and web-NotreDame.txt.gz> \\
        > tests/graph/storage_reference.json
"""
import gzip
import io
import json
import sys

import networkx
import numpy
import scipy.io
import scipy.sparse

random = numpy.random.default_rng(7)


def rows(matrix):
    csr = scipy.sparse.csr_array(matrix)
    csr.sort_indices()
    return {"offsets": csr.indptr.tolist(), "neighbors": csr.indices.tolist(), "weights": csr.data.tolist()}


def written(matrix, **options):
    text = io.BytesIO()
    scipy.io.mmwrite(text, matrix, **options)
    return text.getvalue().decode()


texts = []
for size, density in [(1, 1.0), (5, 0.4), (30, 0.1), (64, 0.05)]:
    values = scipy.sparse.random_array((size, size), density=density, format="coo", rng=random)
    values.data = numpy.round((values.data - 0.5) * 1000, 3)
    integers = values.copy()
    integers.data = numpy.round(values.data).astype(numpy.int64)
    lower = scipy.sparse.coo_array(scipy.sparse.tril(values))
    strict = scipy.sparse.coo_array(scipy.sparse.tril(values, -1))
    texts += [written(values, symmetry="general"), written(integers, field="integer", symmetry="general"),
              written(values, field="pattern", symmetry="general"),
              written(lower + scipy.sparse.tril(values, -1).T, symmetry="symmetric"),
              written(strict - strict.T, symmetry="skew-symmetric")]
texts += [
    # As people write them: capitals, comments, blank lines, signs, exponents, CRLF, an entry above the diagonal.
    "%%MatrixMarket MATRIX Coordinate Real General\r\n% c\r\n\r\n 3 3   4\r\n1 1 1.5\r\n 2\t3 -2e3\r\n3 2 .5\r\n3 1 0\r\n",
    "%%MatrixMarket matrix coordinate integer symmetric\n%\n3 3 3\n1 1 7\n3 1 -2\n2 3 5\n",
    "%%MatrixMarket matrix coordinate pattern symmetric\n4 4 3\n2 1\n4 4\n4 2\n",
    "%%MatrixMarket matrix coordinate real general\n0 0 0\n",
    "%%MatrixMarket matrix coordinate real general\n3 3 0\n",
]
matrices = []
for text in texts:
    read = scipy.io.mmread(io.StringIO(text), spmatrix=False)
    matrices.append({"text": text, "pattern": " pattern " in text.split("\n")[0].lower(), **rows(read)})


def sums(graph):
    """Sums that notice a list in another place, or in another order."""
    csr = networkx.to_scipy_sparse_array(graph, nodelist=sorted(graph), weight=None, format="csr", dtype="int64")
    csr.sort_indices()
    at = numpy.arange(len(csr.indices), dtype=numpy.int64)
    place = numpy.arange(len(csr.indptr), dtype=numpy.int64)
    return {"offsets": int((csr.indptr.astype(numpy.int64) * (place % 97 + 1)).sum()),
            "neighbors": int((csr.indices.astype(numpy.int64) * (at % 89 + 1)).sum())}


def facts(graph):
    result = {"vertices": graph.number_of_nodes(), "edges": graph.number_of_edges(),
              "self_loops": networkx.number_of_selfloops(graph), "out": sums(graph)}
    if graph.is_directed():
        result["in"] = sums(graph.reverse())
    return result


folder = sys.argv[1]
with open(f"{folder}/facebook_combined.txt") as file:
    facebook = networkx.parse_edgelist(file, nodetype=int)
with gzip.open(f"{folder}/web-NotreDame.txt.gz", "rt") as file:
    web = networkx.parse_edgelist(file, nodetype=int, create_using=networkx.DiGraph)
json.dump({"matrices": matrices, "facebook_combined.txt": facts(facebook), "web-NotreDame.txt.gz": facts(web)},
          sys.stdout, separators=(",", ":"))
print()
