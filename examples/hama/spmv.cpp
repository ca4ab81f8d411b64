// Hama's spmv: a sparse matrix times a vector. A matrix is a graph whose edges go from rows to columns.
#include <scalar/graph.hpp>

#include <cstdio>
#include <vector>

using namespace scalar;

int main() {
  // The second differences of x: 2 on the diagonal, -1 beside it. For the squares they are -2, except at the ends.
  const graph::Graph differences = graph::parse_matrix_market(
      "%%MatrixMarket matrix coordinate integer symmetric\n"
      "6 6 11\n"
      "1 1 2\n2 1 -1\n2 2 2\n3 2 -1\n3 3 2\n4 3 -1\n4 4 2\n5 4 -1\n5 5 2\n6 5 -1\n6 6 2\n");
  const std::vector<double> squares{0, 1, 4, 9, 16, 25};
  for (const double y : graph::spmv(differences, squares, {.peers = 3})) std::printf("%g\n", y);
}
