#pragma once
/// Tables from and to comma-separated text (RFC 4180), read strictly: malformed input is an error, never guessed at.
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

/// The spellings of "no value" that are recognized by default: the empty field, "NA", "N/A", "NaN", "nan", "null",
/// "NULL" and "?".
inline std::vector<std::string> usual_missing() { return {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"}; }

/// How a CSV file is written, and what to read from it.
struct ReadCsvOptions {
  std::string label{};                 ///< the label column of the table; empty: none
  std::string weight{};                ///< the column with the weights of the rows; empty: all are 1
  std::string offset{};                ///< the column with the offsets of the rows (see Table::offset); empty: none
  char separator = ',';                ///< one byte, not a letter, digit, '.', '+' or '-'
  char quote = '"';                    ///< a quote inside a quoted field is doubled
  char comment = '\0';                 ///< lines that begin with this byte are skipped; '\0': none
  Header header = Header::yes;         ///< without header and `names`, columns are called "c0", "c1", ...
  std::vector<std::string> names{};    ///< names of all columns if there is no header
  std::vector<std::string> columns{};  ///< the columns to read, in this order; empty: all
  std::map<std::string, ColumnType, std::less<>> types{};  ///< types by column name; the others are inferred
  Schema schema{};             ///< of a table or a model: the columns to read, their types and the label
  bool other_columns = false;  ///< with a schema: reads the columns it does not name, with inferred types
  std::vector<std::string> missing = usual_missing();  ///< spellings of "no value"
  bool quoted_missing = true;                          ///< whether a quoted field may be such a spelling of "no value"
  bool trim = false;                                   ///< drops blanks and tabs around fields (outside quotes)
  std::int64_t skip_rows = 0;                          ///< lines to skip before anything else
  std::size_t max_field_bytes = std::size_t{16} << 20;
};

/// Reads a CSV file, decompressing it if it is gzip.
///
/// Lines end with LF or CRLF; a UTF-8 byte order mark is dropped. Empty lines are skipped before a header, and in files
/// with more than one column; in a file with one column an empty line is a row without a value. A column whose type is
/// not declared gets the first type that fits all its values: boolean (`true`/`false` in lower case, upper case or
/// capitalized), int64, float64, text. So that no digits are lost, a column becomes text if it holds a number with a
/// leading zero, such as the code "007", or if it mixes fractions with an integer that a float64 cannot hold exactly. A
/// column without any value is float64.
///
/// With a `schema`, the table has the schema's columns in their order, with their types, and its label. A column that
/// is missing in the file is `Errc::not_found` unless it is optional; one that is missing in the schema is
/// `Errc::shape_mismatch` unless `other_columns` is set. `columns`, `types` and `label` override the schema. If there
/// is neither a header nor `names`, the columns of the file are those of the schema.
///
/// Numbers are decimal, as `std::from_chars` reads them, with an optional leading '+'; NaN is always a missing value.
///
/// Errors carry `uri:line:column` (both counted from 1, the column in bytes): `Errc::parse` for a row of another
/// length, a value that does not fit a declared type, a quote that is misplaced or not closed, a NUL, a lone CR, or
/// text that is not UTF-8; `Errc::too_large` for a field beyond the limit; `Errc::empty` for no data at all;
/// `Errc::not_found` for an absent `label`, `weight`, `offset`, column or type name; errors of the store;
/// `Errc::corrupt` for damaged gzip. Complexity: one pass in pieces, and a second pass over the file if a column turns
/// out to be text after its first value.
Table read_csv(const Uri& uri, const ReadCsvOptions& options = {}, const Runtime& runtime = {});

/// As `read_csv`, but from memory; errors carry `csv:line:column`.
Table parse_csv(std::string_view text, const ReadCsvOptions& options = {}, const Runtime& runtime = {});

/// Reads a CSV file of numbers straight into a float matrix, faster than `read_csv` with an `Encoder` and in a third of
/// the memory. Leading zeros are allowed.
///
/// Every column but the label, the weight and the offset is a feature. A missing feature is NaN, and fractions are
/// rounded to float32. `kind` says whether the label is a number or a class (class names are the shortest decimals of
/// the numbers, in numeric order). Errors: as `read_csv`; `Errc::parse` for a field that is not a number or not a
/// finite float32, for a whole number that a float32 cannot hold exactly (`read_csv` with an `Encoder` keeps such
/// numbers apart), and for a missing label; `Errc::invalid_argument` if `types` is set.
Dataset read_csv_matrix(const Uri& uri, const ReadCsvOptions& options = {}, TargetKind kind = TargetKind::regression,
                        const Runtime& runtime = {});

struct WriteCsvOptions {
  char separator = ',';
  std::string missing{};  ///< the text that stands for a missing value
};

/// Writes a table with a header, atomically. Numbers are written as the shortest decimals that read back to the same
/// value, booleans as `true` and `false`; text is quoted if it must be, or if it spells a missing value. Reading the
/// file with `.schema = table.schema()` gives the same table, unless `missing` is also a value of the table. Errors:
/// `Errc::invalid_argument` naming column and row for a text that a CSV cannot hold (one with a NUL, or not in UTF-8);
/// errors of the store.
void write_csv(const Table& table, const Uri& uri, const WriteCsvOptions& options = {}, const Runtime& runtime = {});
/// The text that `write_csv` writes.
std::string format_csv(const Table& table, const WriteCsvOptions& options = {});

}  // namespace scalar::inline v0::data
