// The reader of XGBoost's models, as JSON and as UBJSON. What is accepted must then predict without a fault.
#include "imported.hpp"
#include "scalar/interchange/xgboost.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return imported::read_and_predict(data, size, scalar::interchange::read_xgboost);
}
