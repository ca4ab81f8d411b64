// The reader of CatBoost's models. What is accepted must then predict without a fault.
#include "imported.hpp"
#include "scalar/interchange/catboost.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return imported::read_and_predict(data, size, scalar::interchange::read_catboost);
}
