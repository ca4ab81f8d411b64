#!/usr/bin/env python3
"""Writes reference.json: coefficients of scikit-learn's tight solvers on small problems.

Run with scikit-learn from PyPI (seen: 1.9.1 with numpy 2.4.6) as  python3 reference.py > reference.json
Features are float32 values, given to scikit-learn in float64; so any difference is the solver's, not the data's.
"""
import json

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

rng = np.random.default_rng(20240607)


def features(rows, columns):
    x = rng.standard_normal((rows, columns)) * 10.0 ** rng.uniform(-1, 1.5, columns) + rng.uniform(-30, 30, columns)
    return x.round(2).astype(np.float32).astype(np.float64)


def decimals(values):
    """Numbers with two decimals, which read back to the same float32."""
    return [round(float(value), 2) for value in values]


def case(kind, x, y, weights, l2, weights_out, intercepts, classes=0):
    return {
        "kind": kind, "rows": x.shape[0], "columns": x.shape[1], "classes": classes, "l2": l2,
        "features": decimals(x.ravel()), "targets": decimals(y),
        "weights": [] if weights is None else weights.tolist(),
        "coefficients": np.asarray(weights_out).ravel().tolist(),
        "intercepts": np.atleast_1d(intercepts).tolist(),
    }


def sample_weights(rows, weighted):
    return rng.integers(0, 4, rows).astype(np.float32).astype(np.float64) / 2 if weighted else None


def ridge(rows, columns, l2, weighted):
    x = features(rows, columns)
    y = (x @ rng.standard_normal(columns) + rng.standard_normal(rows) + 100).round(2).astype(np.float32).astype(np.float64)
    weights = sample_weights(rows, weighted)
    model = Ridge(alpha=l2, solver="cholesky", tol=1e-12).fit(x, y, sample_weight=weights)
    return case("ridge", x, y, weights, l2, model.coef_, model.intercept_)


def least_norm(rows, columns):
    """More columns than can be told apart: the pseudo-inverse's solution."""
    x = features(rows, columns)
    x = np.concatenate([x, x[:, :2], np.full((rows, 1), 7.0)], axis=1)
    y = (x @ rng.standard_normal(x.shape[1]) + rng.standard_normal(rows)).round(2).astype(np.float32).astype(np.float64)
    coefficients = np.linalg.lstsq(x - x.mean(0), y - y.mean(), rcond=1e-10)[0]
    return case("ridge", x, y, None, 0.0, coefficients, y.mean() - x.mean(0) @ coefficients)


def logistic(rows, columns, classes, l2, weighted):
    x = features(rows, columns)
    scores = (x - x.mean(0)) / x.std(0) @ rng.standard_normal((columns, classes)) + rng.gumbel(size=(rows, classes))
    y = scores.argmax(1)
    weights = sample_weights(rows, weighted)
    model = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-11, max_iter=1000)
    model.fit(x, y, sample_weight=weights)
    assert len(model.classes_) == classes
    return case("logistic", x, y, weights, l2, model.coef_, model.intercept_, classes)


cases = [
    ridge(60, 5, 0.75, False), ridge(60, 5, 0.75, True), ridge(300, 17, 1e-3, False), ridge(12, 30, 2.0, False),
    least_norm(40, 4),
    logistic(150, 4, 2, 1.0, False), logistic(150, 4, 2, 0.5, True), logistic(400, 9, 2, 8.0, False),
    logistic(150, 4, 3, 1.0, False), logistic(200, 5, 4, 0.25, True), logistic(500, 6, 11, 2.0, False),
]
print(json.dumps({"cases": cases}))
