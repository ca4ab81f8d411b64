#include "scalar/trainer/fitting.hpp"

#include <cmath>

#include "scalar/core/error.hpp"
#include "scalar/core/version.hpp"

namespace scalar::inline v0::trainer {

void require(const Support& support, std::string_view backend, std::string_view spec, int peers) {
  if (peers < 1)
    throw Error(Errc::invalid_argument, "peers is " + std::to_string(peers) + ", expected 1 or more", "FitOptions");
  if (support) return;
  std::string text = std::string(backend) + " cannot train " + std::string(spec);
  if (peers > 1) text += " on " + std::to_string(peers) + " peers";
  for (const std::string& reason : support.reasons) text += "\n  - " + reason;
  throw Error(Errc::unsupported, text);
}

void require_processes(const Support& of_two_peers, std::string_view backend, std::string_view spec) {
  if (of_two_peers) return;
  std::string text = std::string(backend) + " cannot share the training of " + std::string(spec) + " with processes";
  for (const std::string& reason : of_two_peers.reasons) text += "\n  - " + reason;
  throw Error(Errc::unsupported, text);
}

Encoder identity_encoder(const Dataset& data, TargetKind kind) {
  if (data.empty()) throw Error(Errc::empty, "the Dataset has no rows to learn from", "Trainer");
  if (!data.has_targets()) throw Error(Errc::invalid_argument, "the Dataset has no targets to learn", "Trainer");
  if (kind == TargetKind::classification && data.classes().empty())
    throw Error(Errc::invalid_argument, "the Dataset has numbers as targets, this spec learns classes", "Trainer");
  if (kind == TargetKind::regression && !data.classes().empty())
    throw Error(Errc::invalid_argument, "the Dataset has classes as targets, this spec learns numbers", "Trainer");
  for (std::int64_t row = 0; row < data.rows(); ++row)
    for (std::int64_t column = 0; column < data.columns(); ++column)
      if (std::isinf(data.row(row)[static_cast<std::size_t>(column)]))
        throw Error(Errc::invalid_argument,
                    "feature \"" + data.feature_names()[static_cast<std::size_t>(column)] + "\", row " +
                        std::to_string(row) + ": an infinity",
                    "Trainer");
  return Encoder::identity(data.feature_names(), data.classes());
}

void throw_out_of_memory(std::string_view backend, std::string_view spec) {
  throw Error(Errc::resource_exhausted, "there is not enough memory to train this " + std::string(spec),
              std::string(backend));
}

ModelInfo info(std::string_view backend, std::int64_t rows, double seconds) {
  return {.backend = std::string(backend), .rows = rows, .fit_seconds = seconds, .version = version, .metrics = {}};
}

}  // namespace scalar::inline v0::trainer
