#include "support/paths.hpp"

namespace test {

std::string source_file(std::string_view relative) { return std::string(SCALAR_SOURCE_DIR "/").append(relative); }
std::string shared_data(std::string_view name) { return std::string(SCALAR_SHARED_DATA "/").append(name); }

}  // namespace test
