#pragma once
/// The nouns: tables, models, trainers, predictors, flows and metrics. BSP and serving have their own headers.
#include "scalar/core/version.hpp"
#include "scalar/data.hpp"
#include "scalar/flow.hpp"
#include "scalar/metrics.hpp"
#include "scalar/model.hpp"
#include "scalar/predictor.hpp"
#include "scalar/trainer.hpp"
