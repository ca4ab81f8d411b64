#include "scalar/model/history_figure.hpp"

#include <string>
#include <utility>
#include <vector>

namespace scalar::inline v0 {

report::Figure history_figure(const ModelInfo& info) {
  const FitHistory& history = info.history;
  report::Figure figure{.title = "Fit"};
  if (history.empty()) return figure;
  figure.subtitle = "the model is that of " + history.round + " " + std::to_string(history.best_round);
  const auto add = [&](std::string title, const std::vector<double>& values) {
    if (values.empty()) return;
    figure.panels.emplace_back(report::LineChart{.title = std::move(title),
                                                 .place = history.round,
                                                 .marked = history.best_round,
                                                 .lines = {{.values = values}}});
  };
  add("Objective", history.objective);
  add("Validation", history.validation);
  return figure;
}

}  // namespace scalar::inline v0
