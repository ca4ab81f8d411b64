"""Writes reference.json: cases and scikit-learn's answers to them.

Run in an environment with scikit-learn (made with the version that the file names):
    python3 tests/metrics/reference.py > tests/metrics/reference.json
"""
import json
import sys

import numpy
import sklearn
from sklearn import metrics

random = numpy.random.default_rng(20240229)


def weights_of(rows, kind):
    if kind == "none":
        return None
    weights = random.integers(0, 4, rows).astype(float) if kind == "integer" else random.gamma(0.7, 1.0, rows)
    weights[0] = max(weights[0], 1.0)
    return weights


def binary(rows, ties, weights):
    targets = random.integers(0, 2, rows)
    targets[:2] = [0, 1]
    scores = numpy.clip(0.35 * targets + random.random(rows) * 0.65, 0, 1)
    if ties:
        scores = numpy.round(scores * 8) / 8  # exact ties, and probabilities of exactly 0 and 1
    w = weights_of(rows, weights)
    if w is not None:
        w[:2] = numpy.maximum(w[:2], 0.5)
    predicted = (scores >= 0.5).astype(int)
    return {
        "kind": "binary", "targets": targets.tolist(), "scores": scores.tolist(),
        "weights": [] if w is None else w.tolist(),
        "accuracy": metrics.accuracy_score(targets, predicted, sample_weight=w),
        "logloss": metrics.log_loss(targets, scores, sample_weight=w, labels=[0, 1]),
        "auc": metrics.roc_auc_score(targets, scores, sample_weight=w),
        "confusion": metrics.confusion_matrix(targets, predicted, labels=[0, 1], sample_weight=w).ravel().tolist(),
    }


def multiclass(rows, classes, weights):
    targets = random.integers(0, classes, rows)
    targets[:classes] = range(classes)
    raw = random.gamma(0.4, 1.0, (rows, classes)) + 1e-3
    raw[numpy.arange(rows), targets] += 0.4
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    w = weights_of(rows, weights)
    if w is not None:
        w[:classes] = numpy.maximum(w[:classes], 0.5)
    predicted = probabilities.argmax(axis=1)
    areas = [metrics.roc_auc_score(targets == k, probabilities[:, k], sample_weight=w) for k in range(classes)]
    if w is None:  # scikit-learn's own multi_class="ovr" agrees
        assert abs(metrics.roc_auc_score(targets, probabilities, multi_class="ovr") - numpy.mean(areas)) < 1e-12
    return {
        "kind": "multiclass", "classes": classes, "targets": targets.tolist(),
        "probabilities": probabilities.ravel().tolist(), "weights": [] if w is None else w.tolist(),
        "accuracy": metrics.accuracy_score(targets, predicted, sample_weight=w),
        "logloss": metrics.log_loss(targets, probabilities, sample_weight=w, labels=list(range(classes))),
        "auc": float(numpy.mean(areas)),
        "confusion": metrics.confusion_matrix(targets, predicted, labels=list(range(classes)),
                                              sample_weight=w).ravel().tolist(),
    }


def regression(rows, offset, weights):
    targets = offset + random.normal(0, 2, rows)
    predicted = targets + random.normal(0.1, 1, rows)
    w = weights_of(rows, weights)
    return {
        "kind": "regression", "targets": targets.tolist(), "predicted": predicted.tolist(),
        "weights": [] if w is None else w.tolist(),
        "rmse": float(numpy.sqrt(metrics.mean_squared_error(targets, predicted, sample_weight=w))),
        "mae": metrics.mean_absolute_error(targets, predicted, sample_weight=w),
        "r2": metrics.r2_score(targets, predicted, sample_weight=w),
    }


def constant():
    targets, predicted = [2.0, 2.0, 2.0], [2.0, 2.5, 2.0]
    return {
        "kind": "regression", "targets": targets, "predicted": predicted, "weights": [],
        "rmse": float(numpy.sqrt(metrics.mean_squared_error(targets, predicted))),
        "mae": metrics.mean_absolute_error(targets, predicted), "r2": metrics.r2_score(targets, predicted),
    }


cases = []
for kind in ("none", "integer", "real"):
    for rows in (2, 5, 60):
        cases += [binary(rows, ties, kind) for ties in (False, True)]
        cases += [regression(rows, offset, kind) for offset in (0.0, 1000.0)]
    cases += [multiclass(rows, classes, kind) for rows, classes in ((5, 3), (60, 3), (60, 7))]
cases.append(constant())
json.dump({"scikit-learn": sklearn.__version__, "cases": cases}, sys.stdout, indent=None, separators=(",", ":"))
print()
