#pragma once
/// Tables from and to comma-separated text (RFC 4180), read strictly: what does not fit is an error, never a guess.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/runtime.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/data/encoder.hpp"
#include "scalar/data/schema.hpp"
#include "scalar/data/table.hpp"
#include "scalar/data/uri.hpp"

namespace scalar::inline v0::data {

/// Whether the first record names the columns.
enum class Header : std::uint8_t { yes = 0, no = 1 };

/// The spellings of "no value" that are taken without being asked for: the empty field, "NA", "N/A", "NaN", "nan",
/// "null", "NULL" and "?".
inline std::vector<std::string> usual_missing() { return {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"}; }

/// How a CSV is written, and what is wanted of it.
struct ReadCsvOptions {
  std::string label{};                 ///< the label column of the table; empty: none
  std::string weight{};                ///< the column with the weights of the rows; empty: all count 1
  char separator = ',';                ///< one byte, not a letter, digit, '.', '+' or '-'
  char quote = '"';                    ///< a quote inside a quoted field is doubled
  char comment = '\0';                 ///< lines that begin with it are skipped; '\0': none
  Header header = Header::yes;         ///< without one and without `names`, columns are called "c0", "c1", ...
  std::vector<std::string> names{};    ///< names of all columns where there is no header
  std::vector<std::string> columns{};  ///< the columns wanted, in this order; empty: all
  std::map<std::string, ColumnType, std::less<>> types{};  ///< types by column name; the others are inferred
  Schema schema{};             ///< of a table or a model: the columns to read, their types and the label
  bool other_columns = false;  ///< with a schema: infers the columns it does not name, instead of refusing them
  std::vector<std::string> missing = usual_missing();  ///< spellings of "no value"
  bool quoted_missing = true;                          ///< whether a quoted field may be such a spelling
  bool trim = false;                                   ///< drops blanks and tabs around fields (outside quotes)
  std::int64_t skip_rows = 0;                          ///< lines to skip before anything else
  std::size_t max_field_bytes = std::size_t{16} << 20;
};

/// Reads a CSV, decompressing it where it is gzip.
///
/// Lines end with LF or CRLF; a UTF-8 byte order mark is dropped; lines with nothing on them are skipped where there is
/// more than one column, and before a header. In a file of one column such a line is a row without a value. A column
/// whose type is not declared gets the first that fits all its values: boolean
/// (`true`/`false` in lower case, upper case or capitalized), int64, float64, text. An integer that a float64 cannot
/// hold exactly makes a column of mixed numbers text, and so does a number with a leading zero, such as the code "007":
/// no digits are lost. A column without any value is float64.
///
/// With a `schema` the table has its columns in its order, with its types and its label: a column that the file does
/// not have is `Errc::not_found` unless it is optional, one that the schema does not have is `Errc::shape_mismatch`
/// unless `other_columns` is set. `columns`, `types` and `label` go before what the schema says. Where there is neither
/// a header nor `names`, the columns of the file are those of the schema.
///
/// Numbers are decimal, as `std::from_chars` reads them, a leading '+' allowed; NaN exists as a missing value only.
///
/// Errors carry `uri:line:column` (both from 1, the column in bytes): `Errc::parse` for a row of another length, a
/// value that does not fit a declared type, a quote that is not closed or stands where none may, a NUL, a lone CR, text
/// that is not UTF-8; `Errc::too_large` for a field beyond the limit; `Errc::empty` for no data at all;
/// `Errc::not_found` for an absent `label`, `weight`, column or type name; those of the store; `Errc::corrupt` for
/// damaged gzip. Complexity: one pass in pieces, and a second one over the file for columns that turn out to be text
/// late.
Table read_csv(const Uri& uri, const ReadCsvOptions& options = {}, const Runtime& runtime = {});

/// The same from memory; errors carry `csv:line:column`.
Table parse_csv(std::string_view text, const ReadCsvOptions& options = {}, const Runtime& runtime = {});

/// Reads a CSV of numbers straight into a float matrix, faster than `read_csv` and an `Encoder` and in a third of the
/// memory. A leading zero does not matter here.
///
/// Every column but label and weight is a feature; a missing one is NaN, and fractions are rounded to float32. `kind`
/// says whether the label is a number or a class (class names are the shortest decimals of the numbers, in their
/// order). Errors: as `read_csv`, and `Errc::parse` for a field that is no number or no finite float32, a whole
/// number that a float32 does not hold (`read_csv` and an `Encoder` keep those apart), a missing label,
/// `Errc::invalid_argument` for `types`.
Dataset read_csv_matrix(const Uri& uri, const ReadCsvOptions& options = {}, TargetKind kind = TargetKind::regression,
                        const Runtime& runtime = {});

struct WriteCsvOptions {
  char separator = ',';
  std::string missing{};  ///< what is written for a missing value
};

/// Writes a table with a header, at once and whole. Numbers are the shortest that read back to the same value, booleans
/// `true` and `false`; text is quoted where it must be, and where it spells a missing value. Read with
/// `.schema = table.schema()` it is the same table, unless `missing` is a spelling of the table's own. Errors:
/// `Errc::invalid_argument` naming column and row for a text that no CSV holds, with a NUL or not in UTF-8; those of
/// the store.
void write_csv(const Table& table, const Uri& uri, const WriteCsvOptions& options = {}, const Runtime& runtime = {});
/// The same as a string.
std::string format_csv(const Table& table, const WriteCsvOptions& options = {});

}  // namespace scalar::inline v0::data
