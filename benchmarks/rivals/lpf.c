/* Prints the nanoseconds of an empty lpf_sync on two threads. Build with LPF's own compiler wrapper, `lpfcc -O3` of the
   pthread engine; SCALAR_RIVAL_LPF is the program, run by `lpfrun -engine pthread -n 2` where that is needed. */
#include <lpf/core.h>
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void spmd(lpf_t lpf, lpf_pid_t pid, lpf_pid_t processes, lpf_args_t args) {
  (void)processes;
  (void)args;
  const int count = 200000;
  for (int i = 0; i < count / 10; ++i) lpf_sync(lpf, LPF_SYNC_DEFAULT);
  const double begin = now();
  for (int i = 0; i < count; ++i) lpf_sync(lpf, LPF_SYNC_DEFAULT);
  if (pid == 0) printf("%.6g\n", (now() - begin) / count);
}

int main(void) { return lpf_exec(LPF_ROOT, 2, &spmd, LPF_NO_ARGS) == LPF_SUCCESS ? 0 : 1; }
