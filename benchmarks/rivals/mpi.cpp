// Prints what MPI takes on two ranks of one machine: `sync` nanoseconds of MPI_Barrier, `allreduce` milliseconds of
// MPI_Allreduce of 25 million floats, `alltoallv BYTES` microseconds of MPI_Alltoallv with so many bytes for each rank.
// Build with mpicxx -O3; with Open MPI, SCALAR_RIVAL_MPI is
// "mpirun -np 2 --mca pml ob1 --mca btl vader,self PROGRAM": its own choice of transport is slow.
#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

/// Seconds of one of `count` calls, after `warm` that do not count.
template <class Call>
double seconds_of(int warm, int count, Call call) {
  for (int i = 0; i < warm; ++i) call();
  MPI_Barrier(MPI_COMM_WORLD);
  const double begin = MPI_Wtime();
  for (int i = 0; i < count; ++i) call();
  return (MPI_Wtime() - begin) / count;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  double figure = 0;
  if (argc > 1 && std::strcmp(argv[1], "allreduce") == 0) {
    std::vector<float> values(25'000'000, 1.0f);
    figure = 1e3 * seconds_of(1, 3, [&] {
               MPI_Allreduce(MPI_IN_PLACE, values.data(), 25'000'000, MPI_FLOAT, MPI_MAX, MPI_COMM_WORLD);
             });
  } else if (argc > 2 && std::strcmp(argv[1], "alltoallv") == 0) {
    const int bytes = std::atoi(argv[2]), lengths[] = {bytes, bytes}, from[] = {0, bytes};
    std::vector<char> out(2 * static_cast<std::size_t>(bytes), 'x'), in(out.size());
    const int count = std::clamp((512 << 20) / bytes, 4, 20'000);
    figure = 1e6 * seconds_of(1 + count / 10, count, [&] {
               MPI_Alltoallv(out.data(), lengths, from, MPI_CHAR, in.data(), lengths, from, MPI_CHAR, MPI_COMM_WORLD);
             });
  } else {
    figure = 1e9 * seconds_of(20'000, 200'000, [] { MPI_Barrier(MPI_COMM_WORLD); });
  }
  if (rank == 0) std::printf("%.6g\n", figure);
  MPI_Finalize();
}
