#include "scalar/core/tensor.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace scalar;

TEST_CASE("types are spelled and sized as the Open Inference Protocol says", "[tensor]") {
  CHECK(name(DataType::float32) == "FP32");
  CHECK(name(DataType::bytes) == "BYTES");
  CHECK(size_bytes(DataType::float16) == 2);
  CHECK(size_bytes(DataType::bytes) == 0);
  CHECK(name(DataType::bfloat16) == "BF16");
  CHECK(size_bytes(DataType::bfloat16) == 2);
  for (int i = 0; i <= 12; ++i) CHECK(data_type(name(static_cast<DataType>(i))) == static_cast<DataType>(i));
  CHECK(!data_type("fp32"));
  CHECK(!data_type(""));
}

TEST_CASE("a matrix view walks rows by its stride", "[tensor]") {
  std::vector<float> data{0, 1, 2, 3, 4, 5, 6, 7};
  const MatrixView<float> view(data.data(), 2, 3, 4);
  CHECK(view(1, 2) == 6);
  CHECK(view.row(1).size() == 3);
  CHECK(!view.is_packed());
  CHECK(view.slice(1, 1)(0, 0) == 4);
  CHECK(view.slice(1, 1).is_packed());
  const FloatMatrix constant = view;
  CHECK(constant(0, 1) == 1);
}
