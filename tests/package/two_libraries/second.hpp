#pragma once
#include <string>
namespace second {
/// The accuracy of the saved model on its own training rows.
double accuracy(const std::string& path);
/// The backends this library sees, separated by spaces.
std::string backends();
/// Where the default Runtime of this library lives.
const void* runtime();
}  // namespace second
