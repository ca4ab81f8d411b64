#pragma once
#include <string>
namespace first {
/// Trains on a small table and saves the model.
void train(const std::string& path);
/// The backends this library sees, separated by spaces.
std::string backends();
/// Where the default Runtime of this library lives.
const void* runtime();
}  // namespace first
