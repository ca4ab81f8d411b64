#include "scalar/data/schema.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "scalar/core/random.hpp"
#include "scalar/data/csv.hpp"
#include "scalar/data/store.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using data::Header;
using data::parse_csv;
using test::message_of;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// What differs between two tables; empty: nothing, to the bit.
std::string difference(const Table& a, const Table& b) {
  if (a.rows() != b.rows() || a.column_count() != b.column_count() || a.label() != b.label()) return "shape or label";
  for (std::int64_t i = 0; i < a.column_count(); ++i) {
    const Column &left = a.column(i), &right = b.column(i);
    if (left.name != right.name || left.type() != right.type()) return "name or type of " + left.name;
    for (std::int64_t row = 0; row < a.rows(); ++row) {
      const std::int64_t x = a.stored_row(row), y = b.stored_row(row);
      bool same = left.is_missing(x) == right.is_missing(y);
      if (same && !left.is_missing(x)) {
        if (left.type() == ColumnType::text) {
          same = left.text(x) == right.text(y);
        } else if (const auto* integers = std::get_if<1>(&left.values)) {
          same = (*integers)[static_cast<std::size_t>(x)] == std::get<1>(right.values)[static_cast<std::size_t>(y)];
        } else {
          const double one = left.number(x), other = right.number(y);
          same = std::memcmp(&one, &other, sizeof one) == 0;
        }
      }
      if (!same) return left.name + ", row " + std::to_string(row);
    }
  }
  return {};
}

Table written_and_read(const Table& table, const data::WriteCsvOptions& options = {}) {
  return parse_csv(data::format_csv(table, options), {.separator = options.separator, .schema = table.schema()});
}

}  // namespace

TEST_CASE("what is written is the same table again with its schema") {
  const Table table(
      {Column{"flag", std::vector<std::uint8_t>{1, 0, 1, 0, 0}, {1, 1, 0, 1, 1}},
       Column{"n",
              std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(),
                                        std::numeric_limits<std::int64_t>::max(), 0, -1, 9007199254740993},
              {1, 1, 0, 1, 1}},
       Column{"x", std::vector<double>{0.1, -0.0, nan_value, infinity, -infinity}, {}},
       Column{"digits", TextValues{{"1", "2", "007", "1e3", "-0"}, {0, 1, 2, 3, 4}}, {}},
       Column{"text", TextValues{{"", "NA", "?", "a,\"b\"\r\n\n;c", " x "}, {0, 1, 2, 3, 4}}, {}},
       Column{"holes", TextValues{{"", "\r", "true", "\xef\xbb\xbf", "\xc3\xa4"}, {0, 1, 0, 3, 4}}, {1, 1, 0, 1, 1}},
       Column{"nothing", TextValues{{}, {0, 0, 0, 0, 0}}, {0, 0, 0, 0, 0}},
       Column{"no flags", std::vector<std::uint8_t>(5), {0, 0, 0, 0, 0}},
       Column{"no integers", std::vector<std::int64_t>(5), {0, 0, 0, 0, 0}},
       Column{"", TextValues{{"x"}, {0, 0, 0, 0, 0}}, {}},
       Column{"\"odd\",\nname", std::vector<double>{5e-324, 1e308, 1, 2.5, 1e22}, {}}},
      "digits");
  CHECK(difference(table, written_and_read(table)) == "");
  CHECK(difference(table, written_and_read(table, {.separator = ';'})) == "");
  CHECK(difference(table.take({4, 0, 2}), written_and_read(table.take({4, 0, 2}))) == "");
  CHECK(difference(table.slice(0, 0), written_and_read(table.slice(0, 0))) == "");
  // One column: its missing values are empty lines, at both ends too.
  const Table single({Column{"t", TextValues{{"", "x"}, {0, 0, 1, 0}}, {0, 1, 1, 0}}});
  CHECK(difference(single, written_and_read(single)) == "");
  const Table numbers({Column{"t", std::vector<double>{nan_value, 1, nan_value}, {}}});
  CHECK(difference(numbers, written_and_read(numbers)) == "");

  const Runtime runtime;
  data::write_csv(table, "mem:t.csv", {}, runtime);
  CHECK(difference(table, data::read_csv("mem:t.csv", {.schema = table.schema()}, runtime)) == "");
}

TEST_CASE("any table is the same again") {
  Philox random(29);
  const std::string bytes = ",;\"\r\n \t#a1?.-+eN\\'|";
  for (int round = 0; round < 200; ++round) {
    const std::size_t rows = random.below(6);
    std::vector<Column> columns;
    for (std::uint64_t i = 0, count = 1 + random.below(4); i < count; ++i) {
      Column column{"c" + std::to_string(i), {}, {}, {}};
      std::vector<std::optional<std::string>> texts;
      std::vector<std::optional<double>> doubles;
      for (std::size_t row = 0; row < rows; ++row) {
        std::string text;
        for (std::uint64_t length = random.below(5); text.size() < length;)
          text += bytes[random.below(static_cast<std::uint32_t>(bytes.size()))];
        double value = 0;
        const std::uint64_t bits = std::uint64_t{random()} << 32 | random();
        std::memcpy(&value, &bits, sizeof value);
        const bool is_missing = random.below(4) == 0;
        texts.push_back(is_missing ? std::nullopt : std::optional(text));
        doubles.push_back(is_missing ? std::nullopt : std::optional(value));
      }
      columns.push_back(random.below(2) == 0 ? Column::from(column.name, texts) : Column::from(column.name, doubles));
    }
    const Table table(std::move(columns));
    INFO(data::format_csv(table));
    REQUIRE(difference(table, written_and_read(table)) == "");
  }
}

TEST_CASE("a schema decides types, order and label") {
  const Table train = parse_csv("code,x,y\nA,1,a\nB,2.5,b\n", {.label = "y"});
  // All digits, and whole numbers: not int64.
  const Table test = parse_csv("y,x,code\na,3,17\n", {.schema = train.schema()});
  CHECK(test.label() == "y");
  CHECK(test.column(0).name == "code");
  CHECK(test.column("code").type() == ColumnType::text);
  CHECK(test.column("x").type() == ColumnType::float64);
  // What is said in other options goes first.
  const Table other = parse_csv(
      "y,x,code\na,3,17\n",
      {.label = "x", .columns = {"x", "code"}, .types = {{"code", ColumnType::int64}}, .schema = train.schema()});
  CHECK(other.label() == "x");
  CHECK(other.column_count() == 2);
  CHECK(other.column("code").type() == ColumnType::int64);
  CHECK(parse_csv("y,x,code\na,3,17\n", {.columns = {"x"}, .schema = train.schema()}).label().empty());
  // Without a header the columns are the schema's.
  const Table bare = parse_csv("17,3,a\n", {.header = Header::no, .schema = train.schema()});
  CHECK(bare.column("code").text(0) == "17");
  CHECK(bare.label() == "y");
  // Columns that may be absent, and those the schema does not know.
  Schema schema = train.schema();
  schema.columns[2].optional = true;
  CHECK(parse_csv("code,x\n1,2\n", {.schema = schema}).label().empty());
  CHECK(parse_csv("1,2\n", {.header = Header::no, .schema = schema}).column("x").number(0) == 2);
  const Table more = parse_csv("id,code,x\n7,1,2\n", {.schema = schema, .other_columns = true});
  CHECK(more.column(0).name == "code");
  CHECK(more.column("id").type() == ColumnType::int64);
}

TEST_CASE("a number of a schema is any number") {
  const Schema schema{{{.name = "x", .type = ReadAs::number}}, {}};
  const Table table = parse_csv("x\n1\n007\ntrue\nFALSE\n\n2.5\n", {.schema = schema});
  CHECK(table.column("x").type() == ColumnType::float64);
  const auto& values = std::get<std::vector<double>>(table.column("x").values);
  CHECK((values[0] == 1 && values[1] == 7 && values[2] == 1 && values[3] == 0 && values[5] == 2.5));
  CHECK(table.column("x").is_missing(4));
}

TEST_CASE("what a schema does not fit is an error with its place") {
  const Table train = parse_csv("n,x,flag,t\n1,0.5,true,a\n");
  const auto fails = [&](Errc code, const char* text) {
    return message_of(code, [&] { parse_csv(text, {.schema = train.schema()}); });
  };
  CHECK(fails(Errc::parse, "n,x,flag,t\n1,0.5,true,a\n1.5,1,true,a\n") ==
        "csv:3:1: column \"n\": expected an int64, got \"1.5\"");
  CHECK(fails(Errc::parse, "n,x,flag,t\n1,\"0,5\",true,a\n") ==
        "csv:2:3: column \"x\": expected a float64, got \"0,5\"");
  CHECK(fails(Errc::parse, "n,x,flag,t\n1,1,yes,a\n") == "csv:2:5: column \"flag\": expected a boolean, got \"yes\"");
  CHECK(fails(Errc::not_found, "n,x,t\n1,1,a\n") ==
        "csv: ReadCsvOptions.schema names \"flag\"; the columns are \"n\", \"x\", \"t\"");
  CHECK(fails(Errc::shape_mismatch, "n,x,flag,t,id\n")
            .find("csv: column \"id\" is not in ReadCsvOptions.schema; set .other_columns") == 0);
  const Schema number{{{.name = "x", .type = ReadAs::number}}, {}};
  CHECK(message_of(Errc::parse, [&] { parse_csv("x\n1\nforty\n", {.schema = number}); }) ==
        "csv:3:1: column \"x\": expected a number, got \"forty\"");
  CHECK(message_of(Errc::parse, [&] { parse_csv("1,2,3\n", {.header = Header::no, .schema = train.schema()}); }) ==
        "csv:1:5: this record has 3 fields, expected 4");
  const Schema unlabeled{{{.name = "x"}}, "y"};
  CHECK(message_of(Errc::not_found, [&] { parse_csv("x\n1\n", {.schema = unlabeled}); }) ==
        "csv: ReadCsvOptions.schema has the label \"y\", which is not among its columns");
  const Schema twice{{{.name = "x"}, {.name = "x"}}, {}};
  CHECK(message_of(Errc::invalid_argument, [&] { parse_csv("x\n1\n", {.schema = twice}); }) ==
        "csv: ReadCsvOptions.schema names \"x\" twice");
}

TEST_CASE("a matrix is read with a schema of numbers") {
  const Runtime runtime;
  data::write_bytes("mem:m.csv", "y,b,a\n1,2,3\n", runtime);
  const Table train = parse_csv("a,b,y\n1,2,3\n", {.label = "y"});
  const Dataset matrix =
      data::read_csv_matrix("mem:m.csv", {.schema = train.schema()}, TargetKind::regression, runtime);
  CHECK(matrix.feature_names() == std::vector<std::string>{"a", "b"});
  CHECK(matrix.row(0)[0] == 3);
  CHECK(matrix.target(0) == 1);
  const Table texts = parse_csv("a,b,y\nx,2,3\n", {.label = "y"});
  CHECK(message_of(Errc::invalid_argument, [&] {
          data::read_csv_matrix("mem:m.csv", {.schema = texts.schema()}, TargetKind::regression, runtime);
        }).find("column \"a\" is text") != std::string::npos);
}

TEST_CASE("text that no CSV holds is not written") {
  using std::string_literals::operator""s;
  CHECK(message_of(Errc::invalid_argument,
                   [] {
                     data::format_csv(Table({Column::from("t", std::vector{"a"s, "b\0c"s})}));
                   }) ==
        "column \"t\", row 1: the text \"b\\x00c\" cannot be written to a CSV, which holds UTF-8 without NUL bytes");
  message_of(Errc::invalid_argument, [] { data::format_csv(Table({Column::from("t", std::vector{"\xff"})})); });
  message_of(Errc::invalid_argument, [] { data::format_csv(Table({Column::from("\xff", std::vector{1})})); });
}
