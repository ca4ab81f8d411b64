#include "scalar/data/check_inputs.hpp"

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using Catch::Matchers::Contains;

namespace {

const Signature two{.inputs = {{.name = "image", .type = DataType::uint8, .shape = {-1, 2, 2}},
                               {.name = "words", .type = DataType::bytes, .shape = {-1}}},
                    .outputs = {}};

struct Call {
  std::vector<std::int64_t> image_shape{1, 2, 2}, words_shape{3};
  std::vector<std::byte> image = std::vector<std::byte>(4);
  std::vector<std::string_view> words{"a", "", "c"};
  DataType type = DataType::uint8;

  void check() const {
    const std::array<TensorView, 2> inputs{TensorView{.type = type, .shape = image_shape, .data = image},
                                           TensorView{.type = DataType::bytes, .shape = words_shape, .texts = words}};
    data::check_inputs(two, inputs);
  }
};

}  // namespace

TEST_CASE("tensors that fit a signature pass", "[data]") {
  CHECK_NOTHROW(Call{}.check());
  CHECK_NOTHROW((Call{.image_shape = {0, 2, 2}, .image = {}}.check()));
}

TEST_CASE("tensors that do not fit are named", "[data]") {
  CHECK_THROWS_WITH(Call{.type = DataType::int8}.check(),
                    Contains("input \"image\"") && Contains("INT8, expected UINT8"));
  CHECK_THROWS_WITH((Call{.image_shape = {1, 2}}.check()), Contains("[1, 2], expected [-1, 2, 2]"));
  CHECK_THROWS_WITH((Call{.image_shape = {1, 2, 3}}.check()), Contains("[1, 2, 3], expected [-1, 2, 2]"));
  CHECK_THROWS_WITH((Call{.image_shape = {-1, 2, 2}}.check()), Contains("[-1, 2, 2]"));
  CHECK_THROWS_WITH((Call{.image_shape = {2, 2, 2}}.check()), Contains("has 4 bytes") && Contains("8 elements"));
  CHECK_THROWS_WITH((Call{.words_shape = {2}}.check()), Contains("input \"words\"") && Contains("3 texts"));
  CHECK_THROWS_WITH(data::check_inputs(two, {}), Contains("0 input tensors, expected 2"));
}

TEST_CASE("a shape whose product does not fit 63 bits is refused", "[data]") {
  constexpr std::int64_t large = std::int64_t{1} << 62;
  CHECK_THROWS_WITH((Call{.image_shape = {large, 2, 2}}.check()), Contains("is impossible"));
  const std::array<std::int64_t, 2> zero{0, large}, huge{large, 2};
  CHECK(data::elements_of(zero) == 0);
  CHECK(!data::elements_of(huge));
  CHECK(data::elements_of({}) == 1);
}
