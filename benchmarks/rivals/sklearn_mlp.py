#!/usr/bin/env python3
"""Prints wall and CPU seconds of one epoch of scikit-learn's MLPClassifier: sklearn_mlp.py sgd|adam <threads>

60000x784 float32, 256 hidden, batch 128, the settings of benchmarks/mlp.cpp. The second epoch of a fit is timed, from
the end of the first to its own end, so that neither start-up nor validation counts.
"""
import os
import sys
import time
import warnings

solver, threads = sys.argv[1], sys.argv[2]
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = threads

import numpy as np  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402

warnings.filterwarnings("ignore")
ends = []


class Timed(MLPClassifier):
    def _update_no_improvement_count(self, *arguments):
        ends.append((time.perf_counter(), time.process_time()))
        super()._update_no_improvement_count(*arguments)


rng = np.random.default_rng(1)
x = rng.random((60000, 784), dtype=np.float32)
y = rng.integers(0, 10, 60000)
Timed((256,), solver=solver, batch_size=128, learning_rate_init=0.1 if solver == "sgd" else 1e-3, max_iter=2,
      momentum=0.9, nesterovs_momentum=False, alpha=1e-4, tol=0, n_iter_no_change=99).fit(x, y)
print(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1])
