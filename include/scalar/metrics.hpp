#pragma once
/// Metrics: accuracy, logloss, auc, confusion, rmse, mae, r2, weighted, on spans and on models.
#include "scalar/metrics/classification.hpp"
#include "scalar/metrics/of_model.hpp"
#include "scalar/metrics/regression.hpp"
