#include "first.hpp"

#include <scalar/backend/registry.hpp>
#include <scalar/trainer.hpp>

#include "table.hpp"

namespace first {

void train(const std::string& path) {
  scalar::Trainer{scalar::GradientBoostedTrees{.trees = 10, .depth = 2}}.fit(table()).save(path);
}
std::string backends() {
  std::string names;
  for (const std::string& name : scalar::backend::available()) names += name + " ";
  return names;
}
const void* runtime() {
  static const scalar::Runtime held;
  return &held.impl();
}

}  // namespace first
