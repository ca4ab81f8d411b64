#include "second.hpp"

#include <scalar/backend/registry.hpp>
#include <scalar/metrics/of_model.hpp>
#include <scalar/model.hpp>

#include "table.hpp"

namespace second {

double accuracy(const std::string& path) { return scalar::metrics::accuracy(scalar::AnyModel::load(path), table()); }
std::string backends() {
  std::string names;
  for (const std::string& name : scalar::backend::available()) names += name + " ";
  return names;
}
const void* runtime() {
  static const scalar::Runtime held;
  return &held.impl();
}

}  // namespace second
