#include <scalar/core/hash.hpp>
#include <scalar/core/version.hpp>

#include <cstdio>

int main() {
  std::printf("Scalar %s\n", scalar::version);
  const auto bytes = std::as_bytes(std::span("abc", 3));
  // FIPS 180-4, example B.1.
  return scalar::sha256_hex(bytes) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" ? 0 : 1;
}
