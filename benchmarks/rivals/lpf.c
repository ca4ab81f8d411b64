/* Prints what LPF's pthread engine takes on two threads: `sync` nanoseconds of an empty lpf_sync, `put` CPU nanoseconds
   of a 16-byte message to a random thread: put, delivered, added up. Build with LPF's own wrapper,
   `lpfcc -engine pthread -O3 lpf.c -Wl,-rpath,PREFIX/lib`; SCALAR_RIVAL_LPF is the program. Its barrier spins, as
   LPF_SPIN_MODE says (FAST, its default, or PAUSE). */
#include <lpf/core.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct message {
  uint64_t key;
  double value;
};

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void sync_empty(lpf_t lpf, lpf_pid_t pid, lpf_pid_t processes, lpf_args_t args) {
  (void)processes;
  (void)args;
  const int count = 200000;
  for (int i = 0; i < count / 10; ++i) lpf_sync(lpf, LPF_SYNC_DEFAULT);
  const double begin = now(CLOCK_MONOTONIC);
  for (int i = 0; i < count; ++i) lpf_sync(lpf, LPF_SYNC_DEFAULT);
  if (pid == 0) printf("%.6g\n", (now(CLOCK_MONOTONIC) - begin) / count);
}

/* Every thread has room for `each` messages of either one; how many there are is put like them. */
static void put_messages(lpf_t lpf, lpf_pid_t pid, lpf_pid_t processes, lpf_args_t args) {
  (void)args;
  const size_t each = 1000000;
  const int warm = 2, steps = 5;
  struct message* out = calloc(each, sizeof *out);
  struct message* in = calloc(each * processes, sizeof *in);
  uint64_t* counts = calloc(processes, sizeof *counts);   /* that this one sends, by destination */
  uint64_t* arrived = calloc(processes, sizeof *arrived); /* that it gets, by source */
  lpf_memslot_t out_slot, in_slot, counts_slot, arrived_slot;
  lpf_resize_memory_register(lpf, 4);
  lpf_resize_message_queue(lpf, (processes + 1) * (each + processes));
  lpf_sync(lpf, LPF_SYNC_DEFAULT);
  lpf_register_local(lpf, out, each * sizeof *out, &out_slot);
  lpf_register_local(lpf, counts, processes * sizeof *counts, &counts_slot);
  lpf_register_global(lpf, in, each * processes * sizeof *in, &in_slot);
  lpf_register_global(lpf, arrived, processes * sizeof *arrived, &arrived_slot);
  lpf_sync(lpf, LPF_SYNC_DEFAULT);
  double begin = 0, sum = 0;
  for (int step = 0; step < warm + steps; ++step) {
    if (step == warm && pid == 0) begin = now(CLOCK_PROCESS_CPUTIME_ID);
    uint32_t seed = pid * 977 + (uint32_t)step;
    memset(counts, 0, processes * sizeof *counts);
    for (size_t i = 0; i < each; ++i) {
      seed = seed * 1664525u + 1013904223u;
      const lpf_pid_t to = (lpf_pid_t)(((uint64_t)seed * processes) >> 32);
      out[i].key = i;
      out[i].value = 1.0;
      lpf_put(lpf, out_slot, i * sizeof *out, to, in_slot, (pid * each + counts[to]++) * sizeof *in, sizeof *in,
              LPF_MSG_DEFAULT);
    }
    for (lpf_pid_t to = 0; to < processes; ++to)
      lpf_put(lpf, counts_slot, to * sizeof *counts, to, arrived_slot, pid * sizeof *arrived, sizeof *arrived,
              LPF_MSG_DEFAULT);
    lpf_sync(lpf, LPF_SYNC_DEFAULT);
    for (lpf_pid_t from = 0; from < processes; ++from)
      for (uint64_t i = 0; i < arrived[from]; ++i) sum += in[from * each + i].value;
  }
  lpf_sync(lpf, LPF_SYNC_DEFAULT);
  const double took = now(CLOCK_PROCESS_CPUTIME_ID) - begin;
  if (pid == 0 && sum > 0) printf("%.6g\n", took / ((double)each * processes * steps));
  free(out), free(in), free(counts), free(arrived);
}

int main(int argc, char** argv) {
  const lpf_spmd_t work = argc > 1 && strcmp(argv[1], "put") == 0 ? &put_messages : &sync_empty;
  return lpf_exec(LPF_ROOT, 2, work, LPF_NO_ARGS) == LPF_SUCCESS ? 0 : 1;
}
