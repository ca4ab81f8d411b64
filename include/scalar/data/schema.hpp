#pragma once
/// The columns of a table, so that another file can be read in the same way.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scalar::inline v0 {

/// The type that the values of a column are read as. The first four are the types of a column (see ColumnType).
enum class ReadAs : std::uint8_t {
  boolean = 0,
  int64 = 1,
  float64 = 2,
  text = 3,
  number = 4,    ///< float64, where `true` and `false` are 1 and 0; models read numbers this way
  inferred = 5,  ///< the first of boolean, int64, float64 and text that fits all values
};

/// The name in words for messages: "int64", "number".
std::string_view name(ReadAs type) noexcept;

/// What one column is expected to be.
struct ColumnSchema {
  std::string name{};
  ReadAs type = ReadAs::inferred;
  bool quoted_values = false;  ///< a quoted field is never missing: the column has texts such as "" or "NA"
  bool optional = false;       ///< the column may be absent, like a label that is to be predicted
};

/// The columns of a table in their order. `Table::schema` and `Model::schema` return one, `data::ReadCsvOptions` takes
/// it.
struct Schema {
  std::vector<ColumnSchema> columns{};
  std::string label{};   ///< the name of the label column; empty: none
  std::string weight{};  ///< the name of the column with the weights of the rows; empty: none
  std::string offset{};  ///< the name of the column with the offsets of the rows; empty: none
};

}  // namespace scalar::inline v0
