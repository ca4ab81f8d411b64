#pragma once
/// What calls throw that must fail.
#include <functional>
#include <string>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"

namespace test {

/// The code of the error that `call` throws; `Errc::ok`: none.
inline scalar::Errc code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const scalar::Error& error) {
    return error.code();
  }
  return scalar::Errc::ok;
}

/// What the error that `call` throws says; its code must be `expected`.
inline std::string message_of(scalar::Errc expected, const std::function<void()>& call) {
  try {
    call();
  } catch (const scalar::Error& error) {
    INFO(error.what());
    CHECK(name(error.code()) == name(expected));
    return error.what();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace test
