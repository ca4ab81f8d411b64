#include "scalar/backend/prepare_process.hpp"

#include <cstdlib>

namespace scalar::inline v0::backend {

std::vector<std::string> prepare_process() {
  struct Variable {
    const char* name;
    const char* value;
  };
  constexpr Variable variables[] = {{"OMP_WAIT_POLICY", "passive"},
                                    {"OPENBLAS_NUM_THREADS", "1"},
                                    {"ORT_DISABLE_TELEMETRY", "1"},
                                    {"TF_CPP_MIN_LOG_LEVEL", "3"},
                                    {"TF_ENABLE_ONEDNN_OPTS", "0"}};
  std::vector<std::string> set;
  for (const Variable& variable : variables) {
    if (std::getenv(variable.name) != nullptr) continue;
    setenv(variable.name, variable.value, 0);
    set.emplace_back(variable.name);
  }
  return set;
}

}  // namespace scalar::inline v0::backend
