#include "scalar/core/random.hpp"

#include <set>

#include "support/catch.hpp"

using namespace scalar;

TEST_CASE("Philox gives the known answers of Random123", "[random]") {
  // Random123's kat_vectors, philox4x32 10: counter and key all zero, and all ones.
  const auto zero = Philox::block(0, 0, 0);
  CHECK(zero == std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const auto ones = Philox::block(~0ull, ~0ull, ~0ull);
  CHECK(ones == std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
}

TEST_CASE("streams differ, and uniform and below stay in range", "[random]") {
  Philox one(1), other(1, 1), again(1);
  std::set<std::uint64_t> faces;
  double sum = 0;
  bool same_stream = true, equal = true;
  for (int i = 0; i < 10'000; ++i) {
    const double u = one.uniform();
    CHECK((u >= 0 && u < 1));
    sum += u;
    equal = equal && u == again.uniform();
    same_stream = same_stream && u == other.uniform();
    faces.insert(one.below(6));
    (void)again.below(6);
  }
  CHECK(equal);
  CHECK(!same_stream);
  CHECK(sum / 10'000 == Approx(0.5).margin(0.015));
  CHECK(faces == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5});
}
