// Where the tests' files lie. Functions, not macros, so that no test's compilation depends on the folder of the
// checkout.
#pragma once

#include <string>
#include <string_view>

namespace test {

/// The path of a file of the source tree, such as `tests/data/csv_reference.json`.
std::string source_file(std::string_view relative);

/// The path of a file of the shared real data, which need not be there.
std::string shared_data(std::string_view name);

}  // namespace test
