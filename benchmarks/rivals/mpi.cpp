// Prints what MPI takes on two ranks of one machine: `sync` nanoseconds of MPI_Barrier, `allreduce` milliseconds of
// MPI_Allreduce of 25 million floats. Build with mpicxx -O3; with Open MPI, SCALAR_RIVAL_MPI is
// "mpirun -np 2 --mca pml ob1 --mca btl vader,self PROGRAM": its own choice of transport is slow.
#include <mpi.h>

#include <cstdio>
#include <cstring>
#include <vector>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  double figure = 0;
  if (argc > 1 && std::strcmp(argv[1], "allreduce") == 0) {
    std::vector<float> values(25'000'000, 1.0f);
    constexpr int steps = 3;
    MPI_Allreduce(MPI_IN_PLACE, values.data(), 25'000'000, MPI_FLOAT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    const double begin = MPI_Wtime();
    for (int i = 0; i < steps; ++i)
      MPI_Allreduce(MPI_IN_PLACE, values.data(), 25'000'000, MPI_FLOAT, MPI_MAX, MPI_COMM_WORLD);
    figure = (MPI_Wtime() - begin) * 1e3 / steps;
  } else {
    constexpr int count = 200'000;
    for (int i = 0; i < count / 10; ++i) MPI_Barrier(MPI_COMM_WORLD);
    const double begin = MPI_Wtime();
    for (int i = 0; i < count; ++i) MPI_Barrier(MPI_COMM_WORLD);
    figure = (MPI_Wtime() - begin) * 1e9 / count;
  }
  if (rank == 0) std::printf("%.6g\n", figure);
  MPI_Finalize();
}
