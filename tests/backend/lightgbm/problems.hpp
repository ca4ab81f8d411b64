#pragma once
/// LightGBM by its own C API, as a user without Scalar would call it.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/framework_library.hpp"
#include "backend/lightgbm/library.hpp"
#include "backend/tree_problems.hpp"
#include "scalar/backend/lightgbm/lightgbm.hpp"

namespace problems {

/// LightGBM's library; null, and that is said, if it is not there.
inline std::shared_ptr<const backend::lightgbm::Library> lightgbm_library() {
  try {
    return std::make_shared<const backend::lightgbm::Library>("");
  } catch (const Error& error) {
    WARN("skipped: " << error.what());
    return nullptr;
  }
}

/// A booster of the library's own, told what to do in its own words, on a dataset that is made at once.
class LightGbmBooster {
 public:
  LightGbmBooster(const backend::lightgbm::Library& library, const DatasetParts& parts, const std::string& parameters,
                  int rounds, double first_margin)
      : library_(library), parts_(parts), dataset_(library.dataset_free), booster_(library.booster_free) {
    const backend::lightgbm::LogScope log(library, {});
    int (*create)(const void*, int, std::int32_t, std::int32_t, int, const char*, void*, void**) = nullptr;
    const backend::FrameworkNames names{
        .name = "lightgbm", .title = "LightGBM", .system = {}, .cached = "lib_lightgbm.so", .advice = "fetch it"};
    backend::FrameworkLibrary(names, "").find(create, "LGBM_DatasetCreateFromMat", "4.3");
    const auto rows = static_cast<int>(parts.targets.size());
    library.check(create(parts.features.data(), backend::lightgbm::Library::float32, rows,
                         static_cast<std::int32_t>(parts.columns), 1, parameters.c_str(), nullptr, dataset_.out()),
                  "create");
    const std::vector<float> labels(parts.targets.begin(), parts.targets.end());
    library.check(library.dataset_set(dataset_.get(), "label", labels.data(), rows, 0), "label");
    const std::vector<double> margins(labels.size(), first_margin);
    library.check(library.dataset_set(dataset_.get(), "init_score", margins.data(), rows, 1), "init_score");
    library.check(library.booster_create(dataset_.get(), parameters.c_str(), booster_.out()), "create");
    int finished = 0;
    for (int round = 0; round < rounds; ++round)
      library.check(library.booster_update(booster_.get(), &finished), "update");
  }

  /// The sums of leaves of the training rows.
  std::vector<double> sums() const {
    constexpr int raw_score = 1;
    std::vector<double> out(parts_.targets.size());
    std::int64_t length = 0;
    library_.check(library_.booster_predict(
                       booster_.get(), parts_.features.data(), 0, static_cast<std::int32_t>(out.size()),
                       static_cast<std::int32_t>(parts_.columns), 1, raw_score, 0, -1, "", &length, out.data()),
                   "predict");
    return out;
  }

 private:
  const backend::lightgbm::Library& library_;
  const DatasetParts& parts_;
  backend::lightgbm::Owned dataset_, booster_;
};

}  // namespace problems
