// Any bytes are a table or an Error; a table that was read is written, and reads back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "scalar/core/error.hpp"
#include "scalar/data/csv.hpp"

using namespace scalar;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// The first byte chooses the options.
data::ReadCsvOptions options_of(std::uint8_t choice) {
  data::ReadCsvOptions options;
  options.max_field_bytes = 1 << 16;
  if ((choice & 1) != 0) options.header = data::Header::no;
  if ((choice & 2) != 0) options.trim = true;
  if ((choice & 4) != 0) options.separator = ';';
  if ((choice & 8) != 0) options.comment = '#';
  if ((choice & 16) != 0) options.quoted_missing = false;
  if ((choice & 32) != 0) options.missing.clear();
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  try {
    const Table table = data::parse_csv(text, options_of(bytes[0]));
    require(!table.describe().empty());
    const std::string written = data::format_csv(table);
    require(data::format_csv(data::parse_csv(written, {.schema = table.schema()})) == written);
  } catch (const Error& error) {
    require(error.code() != Errc::internal);
  }
  return 0;
}
