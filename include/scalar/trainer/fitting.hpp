#pragma once
/// The parts of a fit that do not depend on spec or backend.
#include <string_view>

#include "scalar/backend/backend.hpp"
#include "scalar/model/model_base.hpp"

namespace scalar::inline v0::trainer {

/// Throws `Error{Errc::unsupported}` listing every reason unless `support` is a yes, and `Errc::invalid_argument` for
/// fewer than one peer.
void require(const Support& support, std::string_view backend, std::string_view spec, int peers);

/// Throws `Error{Errc::unsupported}` unless `of_two_peers`, what the backend says to two peers, is a yes: who cannot
/// share a fit among peers cannot share it among processes.
void require_processes(const Support& of_two_peers, std::string_view backend, std::string_view spec);

/// The encoder of a model that is fitted on dense features. Errors: `Errc::invalid_argument` for a Dataset without
/// targets, whose targets are not what `kind` asks for, or with an infinite feature.
Encoder identity_encoder(const Dataset& data, TargetKind kind);

/// Throws `Error{Errc::resource_exhausted}`: a spec can ask for more weights than any machine has memory for.
[[noreturn]] void throw_out_of_memory(std::string_view backend, std::string_view spec);

ModelInfo info(std::string_view backend, std::int64_t rows, double seconds);

/// Wall time since it was made, on the Runtime's clock.
class Stopwatch {
 public:
  explicit Stopwatch(const Runtime& runtime) : runtime_(runtime), start_(runtime.clock().now()) {}
  double seconds() const { return std::chrono::duration<double>(runtime_.clock().now() - start_).count(); }

 private:
  Runtime runtime_;
  TimePoint start_;
};

}  // namespace scalar::inline v0::trainer
