#include <scalar/core/error.hpp>

int main() { return scalar::Error(scalar::Errc::failed, "made").code() == scalar::Errc::failed ? 0 : 1; }
