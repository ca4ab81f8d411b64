// Models that the converters of scikit-learn, XGBoost and LightGBM wrote (make_models.py).
#include "scalar/interchange/read_onnx.hpp"

#include "interchange/onnx_import/converted.hpp"
#include "support/errors.hpp"
#include "support/paths.hpp"

using namespace scalar;
using namespace converted;

namespace {

std::string path_of(const std::string& name) {
  return test::source_file("tests/interchange/onnx_import/files/" + name);
}

/// What a converted model must be.
struct Case {
  std::string name;
  std::size_t kind;  ///< of ImportedModel::parameters
  Link link;
  double tolerance = 1e-6;
};

constexpr std::size_t forest = 0, linear = 1, network = 2;

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"logistic_binary", linear, Link::logistic},     {"logistic_three", linear, Link::softmax},
      {"scaled_logistic", linear, Link::softmax},      {"ridge", linear, Link::identity},
      {"tree_classifier", forest, Link::identity},     {"forest_binary", forest, Link::identity},
      {"forest_three", forest, Link::identity},        {"forest_regression", forest, Link::identity},
      {"boosting_binary", forest, Link::logistic},     {"boosting_three", forest, Link::softmax},
      {"boosting_regression", forest, Link::identity}, {"hist_binary", forest, Link::logistic},
      {"hist_regression", forest, Link::identity},     {"network_binary", network, Link::logistic},
      {"network_three", network, Link::softmax},       {"network_regression", network, Link::identity},
      {"people_logistic", linear, Link::logistic},     {"people_forest", forest, Link::identity},
      {"people_boosting", forest, Link::logistic},     {"people_network", network, Link::logistic},
      {"xgboost_binary", forest, Link::logistic},      {"xgboost_three", forest, Link::softmax},
      {"xgboost_regression", forest, Link::identity},  {"lightgbm_binary", forest, Link::logistic},
      {"lightgbm_three", forest, Link::softmax},       {"lightgbm_regression", forest, Link::identity},
      {"lightgbm_categories", forest, Link::logistic},
  };
  return all;
}

Link link_of(const interchange::ImportedModel& model) {
  return std::visit([](const auto& parameters) { return parameters.link; }, model.parameters);
}

}  // namespace

TEST_CASE("converted models predict what their frameworks predict") {
  for (const Case& one : cases()) {
    INFO(one.name);
    const Expected expected = expected_of(path_of(one.name + ".json"));
    const interchange::ImportedModel model = read(test::read_file(path_of(one.name + ".onnx")));
    CHECK(model.parameters.index() == one.kind);
    CHECK(link_of(model) == one.link);
    CHECK(model.encoder.classes() == expected.classes);
    CHECK(largest_difference(predict(model, expected.rows), expected.answers) <= one.tolerance);
  }
}
