#pragma once
/// LightGBM by its own C API, as a user without Scalar would call it: one process, or machines connected by its
/// sockets.
#include <cstdint>
#include <string>
#include <vector>

#include "backend/framework_library.hpp"
#include "backend/lightgbm/library.hpp"
#include "scalar/data/dataset.hpp"

namespace rival {

/// The functions of LightGBM that only its users need.
struct LightGbm {
  explicit LightGbm(const scalar::backend::lightgbm::Library& opened) : library(opened) {
    const scalar::backend::FrameworkNames names{
        .name = "lightgbm", .title = "LightGBM", .system = {}, .cached = "lib_lightgbm.so", .advice = "fetch it"};
    const scalar::backend::FrameworkLibrary file(names, "");
    file.find(create, "LGBM_DatasetCreateFromMat", "4.3");
    file.find(connect, "LGBM_NetworkInit", "4.3");
  }

  /// Learns `rounds` trees from the rows `[first, last)`; returns the model's text.
  std::string learn(const scalar::DatasetParts& parts, std::int64_t first, std::int64_t last,
                    const std::string& parameters, int rounds, double first_margin) const {
    const scalar::backend::lightgbm::LogScope log(library, {});
    scalar::backend::lightgbm::Owned dataset(library.dataset_free), booster(library.booster_free);
    const auto rows = static_cast<std::int32_t>(last - first);
    library.check(create(parts.features.data() + first * parts.columns, 0, rows,
                         static_cast<std::int32_t>(parts.columns), 1, parameters.c_str(), nullptr, dataset.out()),
                  "create");
    const std::vector<float> labels(parts.targets.begin() + first, parts.targets.begin() + last);
    library.check(library.dataset_set(dataset.get(), "label", labels.data(), rows, 0), "label");
    const std::vector<double> margins(labels.size(), first_margin);
    library.check(library.dataset_set(dataset.get(), "init_score", margins.data(), rows, 1), "init_score");
    library.check(library.booster_create(dataset.get(), parameters.c_str(), booster.out()), "create");
    int finished = 0;
    for (int round = 0; round < rounds; ++round)
      library.check(library.booster_update(booster.get(), &finished), "update");
    std::int64_t size = 0;
    library.check(library.booster_save(booster.get(), 0, -1, 0, 0, &size, nullptr), "save");
    std::string text(static_cast<std::size_t>(size), '\0');
    library.check(library.booster_save(booster.get(), 0, -1, 0, size, &size, text.data()), "save");
    return text;
  }

  const scalar::backend::lightgbm::Library& library;
  int (*create)(const void* rows, int type, std::int32_t count, std::int32_t columns, int is_row_major,
                const char* parameters, void* reference, void** out) = nullptr;
  int (*connect)(const char* machines, int port, int seconds, int count) = nullptr;
};

}  // namespace rival
