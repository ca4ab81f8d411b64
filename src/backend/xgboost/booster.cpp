#include "backend/xgboost/booster.hpp"

#include <fmt/core.h>

#include <charconv>
#include <limits>
#include <string_view>

#include "scalar/core/json.hpp"
#include "scalar/interchange/xgboost.hpp"

namespace scalar::inline v0::backend::xgboost {

Support not_shared(int peers) {
  Support support;
  if (peers > 1)
    support.reasons.push_back(fmt::format("xgboost is not distributed over BSP peers: {} asked, 1 can", peers));
  return support;
}

std::string text(double number) {
  std::string out;
  json::append_number(out, number);
  return out;
}

Parameters objective_parameters(Loss loss, const Dataset& data) {
  if (loss == Loss::squared) return {{"objective", "reg:squarederror"}, {"base_score", "0"}, {"eval_metric", "rmse"}};
  if (loss == Loss::logistic)
    return {{"objective", "binary:logistic"}, {"base_score", "0.5"}, {"eval_metric", "logloss"}};
  return {{"objective", "multi:softprob"},
          {"num_class", std::to_string(data.classes().size())},
          {"base_score", "0"},
          {"eval_metric", "mlogloss"}};
}

void set_parameters(const Library& library, Handle booster, const Parameters& parameters) {
  for (const auto& [name, value] : parameters) library.check(library.booster_set(booster, name, value.c_str()), name);
}

double training_loss(const Library& library, Handle booster, Handle matrix, int round, Loss loss) {
  const char* name = "train";
  const char* report = nullptr;  // "[3]\ttrain-rmse:0.25"
  library.check(library.booster_evaluate(booster, round, &matrix, &name, 1, &report), "XGBoosterEvalOneIter");
  const std::string_view said = report;
  const auto colon = said.rfind(':');
  double value = std::numeric_limits<double>::quiet_NaN();
  if (colon != std::string_view::npos) std::from_chars(said.data() + colon + 1, said.data() + said.size(), value);
  return loss == Loss::squared ? value * value / 2 : value;
}

interchange::ImportedModel learned_model(const Library& library, Handle booster) {
  std::uint64_t size = 0;
  const char* model = nullptr;
  library.check(library.booster_save(booster, R"({"format":"json"})", &size, &model), "XGBoosterSaveModelToBuffer");
  return interchange::read_xgboost({model, static_cast<std::size_t>(size)});
}

}  // namespace scalar::inline v0::backend::xgboost
