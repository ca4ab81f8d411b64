#pragma once
/// history_figure: the rounds of a fit as a chart.
#include "scalar/model/model_info.hpp"
#include "scalar/report/figure.hpp"

namespace scalar::inline v0 {

/// What was minimized and the validation metric over the rounds, one panel each as far as they are known; the round
/// whose model it is is marked. Draw it with `report::svg`. Without a history it has no panels.
report::Figure history_figure(const ModelInfo& info);

}  // namespace scalar::inline v0
