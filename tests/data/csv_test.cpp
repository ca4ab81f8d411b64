#include "scalar/data/csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>

#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "scalar/core/random.hpp"
#include "scalar/data/store.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/paths.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using data::Header;
using data::parse_csv;
using data::ReadCsvOptions;
using test::message_of;

namespace {

std::vector<double> numbers(const Column& column) {
  std::vector<double> found;
  for (std::int64_t i = 0; i < column.rows(); ++i) found.push_back(column.number(i));
  return found;
}

std::vector<std::string> texts(const Column& column) {
  std::vector<std::string> found;
  for (std::int64_t i = 0; i < column.rows(); ++i) found.emplace_back(column.text(i));
  return found;
}

using Texts = std::vector<std::string>;
using Doubles = std::vector<double>;

/// A store whose objects arrive a few bytes at a time, so that every field meets the end of the buffer.
struct Drip {
  std::string text;
  std::size_t step;

  struct Stream final : data::Input {
    std::string_view left;
    std::size_t step;
    Stream(std::string_view whole, std::size_t bytes) : left(whole), step(bytes) {}
    std::size_t read(std::span<std::byte> out) override {
      const std::size_t count = (std::min)({left.size(), step, out.size()});
      std::memcpy(out.data(), left.data(), count);
      left.remove_prefix(count);
      return count;
    }
    std::size_t read_at(std::uint64_t, std::span<std::byte>) const override { return 0; }
    std::uint64_t size_bytes() const override { return left.size(); }
  };
  std::unique_ptr<data::Input> open(const data::Uri&) { return std::make_unique<Stream>(text, step); }
  std::unique_ptr<data::Output> create(const data::Uri&) { return nullptr; }
  data::ObjectInfo stat(const data::Uri&) { return {}; }
  std::vector<data::ObjectInfo> list(const data::Uri&) { return {}; }
  void remove(const data::Uri&) {}
};

Table drip(const std::string& text, std::size_t step, const ReadCsvOptions& options) {
  const Runtime runtime(RuntimeOptions{});
  runtime.slot<data::Stores>().add("drip", data::AnyStore(std::make_shared<Drip>(Drip{text, step})));
  return data::read_csv("drip:x", options, runtime);
}

}  // namespace

TEST_CASE("types are inferred over the whole file") {
  const Table table = parse_csv(
      "int,float,flag,text,none,late,mixed\n"
      "1,1.5,true,a,,1,true\n"
      "-3,2,FALSE,b,NA,2.5,1\n"
      "+4,,,?,null,1e3,2\n",
      {.label = "text"});
  CHECK(table.rows() == 3);
  CHECK(table.label() == "text");
  CHECK(table.column("int").type() == ColumnType::int64);
  CHECK(numbers(table.column("int")) == Doubles{1, -3, 4});
  CHECK(table.column("float").type() == ColumnType::float64);
  CHECK(table.column("float").is_missing(2));
  CHECK(std::isnan(table.column("float").number(2)));
  CHECK(table.column("flag").type() == ColumnType::boolean);
  CHECK(table.column("flag").number(1) == 0);
  CHECK(table.column("flag").is_missing(2));
  CHECK(texts(table.column("text")) == Texts{"a", "b", ""});
  CHECK(table.column("text").is_missing(2));
  CHECK(table.column("none").type() == ColumnType::float64);
  CHECK((table.column("none").is_missing(0) && table.column("none").is_missing(2)));
  CHECK(numbers(table.column("late")) == Doubles{1, 2.5, 1000});
  CHECK(texts(table.column("mixed")) == Texts{"true", "1", "2"});
}

TEST_CASE("late widening keeps every spelling and every digit") {
  // To text, long after the column looked like numbers, and with missing values before.
  std::string text = "code,other\n";
  for (int i = 0; i < 1000; ++i) text += (i % 7 == 0 ? "" : "00" + std::to_string(i)) + "," + std::to_string(i) + "\n";
  text += "x,1000\n";
  const Table table = parse_csv(text);
  CHECK(table.column("code").text(1) == "001");
  CHECK(table.column("code").text(999) == "00999");
  CHECK(table.column("code").is_missing(7));
  CHECK(table.column("code").text(1000) == "x");
  CHECK(table.column("other").type() == ColumnType::int64);
  CHECK(table.column("other").number(1000) == 1000);
  // Integers that no float64 holds stay what they are, whatever comes first.
  CHECK(parse_csv("id\n9007199254740993\n").column("id").type() == ColumnType::int64);
  for (const char* mixed : {"id\n9007199254740993\n0.5\n", "id\n0.5\n9007199254740993\n",
                            "id\n12345678901234567890123\n1\n", "id\n1\n12345678901234567890123\n"}) {
    INFO(mixed);
    REQUIRE(parse_csv(mixed).column("id").type() == ColumnType::text);
    const Texts seen = texts(parse_csv(mixed).column("id"));
    CHECK(std::string(mixed) == "id\n" + seen[0] + "\n" + seen[1] + "\n");
  }
  CHECK(parse_csv("id\n100000000000000000000\n1\n").column("id").number(0) == 1e20);  // exact, so a number
}

TEST_CASE("codes with leading zeros stay text") {
  for (const char* code : {"007", "00501", "00", "-01", "+01", "00.5", "01e3", "000000000000000000000001"}) {
    INFO(code);
    for (const std::string& file : {"x\n" + std::string(code) + "\n12\n", "x\n12\n" + std::string(code) + "\n",
                                    "x\n0.5\n" + std::string(code) + "\n", "x\n\"" + std::string(code) + "\"\n\n"}) {
      const Table table = parse_csv(file);
      REQUIRE(table.column("x").type() == ColumnType::text);
      CHECK((table.column("x").text(0) == code || table.column("x").text(1) == code));
      for (const std::size_t step : {1, 3}) CHECK(texts(drip(file, step, {}).column("x")) == texts(table.column("x")));
    }
  }
  // Prices and signs are numbers, and so is a zero.
  CHECK(parse_csv("x\n0\n-0\n+5\n10\n").column("x").type() == ColumnType::int64);
  CHECK(parse_csv("x\n1.50\n0.10\n-0.5\n1e05\n0\n").column("x").type() == ColumnType::float64);
  for (const char* text : {"0x1F", "1_000", "1,5", " 7"})
    CHECK(parse_csv("x;y\n" + std::string(text) + ";1\n", {.separator = ';'}).column("x").type() == ColumnType::text);
  // Who declares a number gets one.
  CHECK(parse_csv("x\n007\n", {.types = {{"x", ColumnType::int64}}}).column("x").number(0) == 7);
  CHECK(parse_csv("x\n00.5\n", {.types = {{"x", ColumnType::float64}}}).column("x").number(0) == 0.5);
  // What was written comes back.
  const Table zips = parse_csv("zip,n\n\"00501\",1\n\"02134\",2\n");
  CHECK(texts(zips.column("zip")) == Texts{"00501", "02134"});
  CHECK(texts(parse_csv(data::format_csv(zips)).column("zip")) == Texts{"00501", "02134"});
}

TEST_CASE("a table remembers which value made a column what it is") {
  const Runtime runtime;
  data::write_bytes("mem:typo.csv", "age,price,unit\n39,1,kg\n50,2,7\n,,\n28,0.5,8\nforty,3,9\n41,4,10\n", runtime);
  const Table table = data::read_csv("mem:typo.csv", {}, runtime);
  const ColumnNote& note = table.column("age").note;
  CHECK(note.value == "forty");
  CHECK(note.place == "mem:typo.csv:6:1");
  CHECK(note.before == 3);
  CHECK(note.before_type == ColumnType::int64);
  CHECK(table.column("age").reason() ==
        "text because of \"forty\" at mem:typo.csv:6:1 (the 3 values before it are int64)");
  CHECK(table.column("price").reason() ==
        "float64 because of \"0.5\" at mem:typo.csv:5:4 (the 2 values before it are int64)");
  CHECK(table.column("unit").reason() == "text because of \"kg\" at mem:typo.csv:2:6");
  CHECK(
      table.describe() ==
      "6 rows, 3 columns\n"
      "age: text, 1 missing, 5 distinct texts: \"39\", \"50\", \"28\", \"forty\", \"41\"; 4 of 5 values look like "
      "numbers\n"
      "  it is text because of \"forty\" at mem:typo.csv:6:1 (the 3 values before it are int64)\n"
      "price: float64, 1 missing, 0.5 to 4, mean 2.1\n"
      "  it is float64 because of \"0.5\" at mem:typo.csv:5:4 (the 2 values before it are int64)\n"
      "unit: text, 1 missing, 5 distinct texts: \"kg\", \"7\", \"8\", \"9\", \"10\"; 4 of 5 values look like numbers\n"
      "  it is text because of \"kg\" at mem:typo.csv:2:6\n");
  // Rows and columns that are selected keep it; later errors name it.
  const Table some = table.take({0, 1, 3}).select(std::vector<std::string>{"age", "price"});
  CHECK(some.column("age").note.value == "forty");
  CHECK(message_of(Errc::type_mismatch, [&] { some.column("age").number(0); }) ==
        "column \"age\": expected a column of numbers, got one of text; it is text because of \"forty\" at "
        "mem:typo.csv:6:1 (the 3 values before it are int64)");
  CHECK(message_of(Errc::invalid_argument, [&] {
          Encoder::fit(table.with_label("age"), {}, TargetKind::regression);
        }).find("text because of \"forty\" at mem:typo.csv:6:1") != std::string::npos);
  CHECK(message_of(Errc::too_large, [&] {
          Encoder::fit(some.with_label("price"), {.max_categories = 2}, TargetKind::regression);
        }).find("text because of \"forty\" at mem:typo.csv:6:1") != std::string::npos);
  const Encoder encoder = Encoder::fit(parse_csv("age,y\n1,2\n3,4\n", {.label = "y"}), {}, TargetKind::regression);
  CHECK(message_of(Errc::type_mismatch, [&] { encoder.encode(table); }).find("mem:typo.csv:6:1") != std::string::npos);
  CHECK(message_of(Errc::type_mismatch, [&] {
          encoder.targets(parse_csv("age,y\n1,2\n3,x\n"));
        }).find("text because of \"x\" at csv:3:3") != std::string::npos);
  CHECK(message_of(Errc::type_mismatch, [&] { table.with_weight("age").weights(); }).find("mem:typo.csv:6:1") !=
        std::string::npos);
  // A declared type needs no reason.
  CHECK(parse_csv("a\n1\nx\n", {.types = {{"a", ColumnType::text}}}).column("a").reason().empty());
  CHECK(Table({Column{"x", Doubles{1}, {}}}).column("x").reason().empty());
}

TEST_CASE("empty lines of one column are rows") {
  const ReadCsvOptions headerless{.header = Header::no};
  for (const std::size_t step : {1, 2, 1000}) {
    const Table first = drip("\n\r\n5\n\n7\n", step, headerless);
    REQUIRE(first.rows() == 5);
    CHECK((first.column(0).is_missing(0) && first.column(0).is_missing(1) && first.column(0).is_missing(3)));
    CHECK(first.column(0).number(2) == 5);
    CHECK(first.column(0).number(4) == 7);
  }
  CHECK(parse_csv("5\n\n7\n\n\n", headerless).rows() == 5);
  CHECK(parse_csv("\n5\n", {.header = Header::no, .names = {"y"}}).rows() == 2);
  CHECK(parse_csv("# y\n\n5\n", {.comment = '#', .header = Header::no}).rows() == 2);
  CHECK(parse_csv("y\n\n5\n", {.header = Header::no, .skip_rows = 1}).rows() == 2);
  CHECK(parse_csv("\nx\n00\n", headerless).column(0).text(1) == "x");  // also when it turns out to be text
  CHECK(parse_csv("\n\n1,2\n", headerless).rows() == 1);
  CHECK(parse_csv("\n\ny\n\n5\n").rows() == 2);  // before a header they are nothing
  const Runtime runtime;
  data::write_bytes("mem:y.csv", "\n\n5\n\n7\n", runtime);
  const Dataset matrix = data::read_csv_matrix("mem:y.csv", headerless, TargetKind::regression, runtime);
  REQUIRE(matrix.rows() == 5);
  CHECK(std::isnan(matrix.row(0)[0]));
  CHECK(matrix.row(4)[0] == 7);
}

TEST_CASE("header, names, selection and declared types") {
  const std::string text = "a,b,c\n1,2,3\n4,5,6\n";
  const Table all = parse_csv(text, {.header = Header::no});
  CHECK(all.rows() == 3);
  CHECK(all.column(0).name == "c0");
  CHECK(all.column("c2").text(0) == "c");
  const Table named = parse_csv(text, {.header = Header::no, .names = {"x", "y", "z"}, .skip_rows = 1});
  CHECK(named.rows() == 2);
  CHECK(named.column("z").number(1) == 6);
  const Table some = parse_csv(text, {.label = "c", .columns = {"c", "a"}});
  CHECK(some.column_count() == 2);
  CHECK(some.column(0).name == "c");
  CHECK(some.column("a").number(1) == 4);
  const Table typed = parse_csv(
      "a,b,c\n1,0,007\n", {.types = {{"a", ColumnType::float64}, {"b", ColumnType::boolean}, {"c", ColumnType::text}}});
  CHECK(typed.column("a").type() == ColumnType::float64);
  CHECK(typed.column("b").type() == ColumnType::boolean);
  CHECK(typed.column("c").text(0) == "007");
  CHECK(parse_csv("a,\n1,2\n").column(1).name == "c1");
  CHECK(parse_csv("a,b\n").rows() == 0);
}

TEST_CASE("the forms of a file") {
  const Table expected = parse_csv("a,b\n1,x\n2,y\n");
  for (const char* same : {"a,b\r\n1,x\r\n2,y\r\n",
                           "\xef\xbb\xbf"
                           "a,b\n1,x\n2,y",
                           "a,b\n\n1,x\n\r\n2,y\n\n\n", "\"a\",\"b\"\n\"1\",\"x\"\n2,\"y\"\n"}) {
    INFO(same);
    const Table table = parse_csv(same);
    CHECK(table.rows() == 2);
    CHECK(numbers(table.column("a")) == numbers(expected.column("a")));
    CHECK(texts(table.column("b")) == texts(expected.column("b")));
  }
  const Table commented = parse_csv("# one, two\n#\na;b\n# 1;2\n3;#4\n#", {.separator = ';', .comment = '#'});
  CHECK(commented.rows() == 1);
  CHECK(commented.column("b").text(0) == "#4");
  const Table trimmed = parse_csv("a , b\t,c\n 1 ,  \"x, \"\"y\"\" \" , ?\n  \n", {.trim = true});
  CHECK(trimmed.rows() == 1);
  CHECK(trimmed.column("a").type() == ColumnType::int64);
  CHECK(trimmed.column("b").text(0) == "x, \"y\" ");
  CHECK(trimmed.column("c").is_missing(0));
  const Table lines = parse_csv("a,b\n\"1\n2\r\n3\",x\n");
  CHECK(lines.column("a").text(0) == "1\n2\r\n3");
  // One column: an empty line is an empty field.
  CHECK(parse_csv("a\n1\n\n3\n").rows() == 3);
  CHECK(parse_csv("a\n1\n\n3\n").column("a").is_missing(1));
  // Spellings of "missing".
  CHECK(parse_csv("a\n-999\n1\n", {.missing = {"-999"}}).column("a").is_missing(0));
  CHECK(parse_csv("a,b\nNA,\n", {.missing = {}}).column("a").text(0) == "NA");
  CHECK(parse_csv("a\n\"NA\"\n").column("a").is_missing(0));
  CHECK(parse_csv("a\n\"NA\"\n", {.quoted_missing = false}).column("a").text(0) == "NA");
}

TEST_CASE("what does not fit is an error with line and column") {
  const auto fails = [](Errc code, std::string_view text, const ReadCsvOptions& options = {}) {
    return message_of(code, [&] { parse_csv(text, options); });
  };
  CHECK(fails(Errc::empty, "") == "csv: there is no data");
  CHECK(fails(Errc::empty, "\n\r\n") == "csv: there is no data");
  CHECK(fails(Errc::parse, "a,b\n1,2\n1\n") == "csv:3:1: this record has 1 field, expected 2");
  CHECK(fails(Errc::parse, "a,b\n1,2,3\n") == "csv:2:3: this record has 3 fields or more, expected 2");
  CHECK(fails(Errc::parse, "a,b\n1,2\n\"x\ny\",\n3,4,\n").find("csv:5:3: ") == 0);  // a quoted line end counts
  CHECK(fails(Errc::parse, "a,b\n1,\"x\ny\n").find("csv:2:3: this quoted field does not end") == 0);
  CHECK(fails(Errc::parse, "a,b\n1,\"x\"y\n").find("csv:2:3: text after a closing quote") == 0);
  CHECK(fails(Errc::parse, "a,b\n1,x\"y\n").find("csv:2:3: a quote within a field") == 0);
  CHECK(fails(Errc::parse, "a,b\n1,x\ry\n").find("csv:2:3: a carriage return") == 0);
  CHECK(fails(Errc::parse, {"a,b\n1,x\0y\n", 11}) == "csv:2:3: a NUL byte");
  CHECK(fails(Errc::parse, {"a,b\n1,\"x\0y\"\n", 13}) == "csv:2:3: a NUL byte");
  CHECK(fails(Errc::parse, {"a,b\n1,2\0\n", 9}) == "csv:2:3: a NUL byte");
  CHECK(fails(Errc::parse, "a,b\n1,\xff\n") == "csv:2:3: this text is not UTF-8");
  CHECK(fails(Errc::parse,
              "\xff\xfe"
              "a\0")
            .find("UTF-16") != std::string::npos);
  CHECK(fails(Errc::parse, "a,b\n1,x\n", {.types = {{"b", ColumnType::int64}}}) ==
        "csv:2:3: column \"b\": expected an int64, got \"x\"");
  CHECK(fails(Errc::parse, "b\n99999999999999999999\n", {.types = {{"b", ColumnType::int64}}}).find("int64") !=
        std::string::npos);
  for (const char* bad : {"1e999", "1.2.3", "--1", "0x10", "1,5", "nan(1)", "1e", "e5", ".", "-", "+-1", "1 2"}) {
    INFO(bad);
    CHECK(fails(Errc::parse, std::string("b;c\n") + bad + ";1\n",
                {.separator = ';', .types = {{"b", ColumnType::float64}}, .missing = {}})
              .find("csv:2:1: column \"b\": expected a float64") == 0);
  }
  // The value as it was written: escapes for what cannot be printed, "NaN" for one, whole letters where it is cut.
  const ReadCsvOptions declared{.types = {{"b", ColumnType::int64}}, .missing = {}};
  CHECK(fails(Errc::parse, "b\nNaN\n", declared) == "csv:2:1: column \"b\": expected an int64, got \"NaN\"");
  CHECK(fails(Errc::parse, "b\n\"x\ny\"\n", declared) == "csv:2:1: column \"b\": expected an int64, got \"x\\x0ay\"");
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "\xc3\xa4";
  const std::string cut = fails(Errc::parse, "b\n1" + umlauts + "\n", declared);
  CHECK(json::is_utf8(cut));
  CHECK(cut.ends_with("\xc3\xa4...\""));
  CHECK(fails(Errc::parse, "b\nyes\n", {.types = {{"b", ColumnType::boolean}}}).find("boolean") != std::string::npos);
  CHECK(fails(Errc::already_exists, "a,a\n1,2\n") == "csv: two columns are called \"a\"");
  CHECK(fails(Errc::not_found, "a,b\n1,2\n", {.label = "c"}) ==
        "csv: ReadCsvOptions.label names \"c\"; the columns are \"a\", \"b\"");
  fails(Errc::not_found, "a,b\n1,2\n", {.columns = {"c"}});
  fails(Errc::not_found, "a,b\n1,2\n", {.types = {{"c", ColumnType::text}}});
  fails(Errc::not_found, "a,b\n1,2\n", {.label = "b", .columns = {"a"}});
  fails(Errc::invalid_argument, "a,b\n1,2\n", {.columns = {"a", "a"}});
  fails(Errc::invalid_argument, "a,b\n1,2\n", {.names = {"x", "y"}});
  fails(Errc::parse, "1,2\n", {.header = Header::no, .names = {"x"}});
  for (const char separator : {'"', '\n', '1', '.', 'e', '\0'})
    fails(Errc::invalid_argument, "a\n", {.separator = separator});
  CHECK(fails(Errc::too_large, "a,b\n1,xxxxxxxxxx\n", {.max_field_bytes = 9}).find("csv:2:3: ") == 0);
  CHECK(fails(Errc::too_large, "a,b\n1,\"xxxxxxxxxx\n", {.max_field_bytes = 9}).find("is its quote closed") !=
        std::string::npos);
  CHECK(parse_csv("a,b\n1,xxxxxxxxx\n", {.max_field_bytes = 9}).rows() == 1);
  CHECK(message_of(Errc::not_found, [] { data::read_csv("/nowhere/at/all.csv"); }).find("/nowhere/at/all.csv: ") == 0);
  message_of(Errc::corrupt, [] {
    const Runtime runtime;
    data::write_bytes("mem:plain.csv.gz", "a,b\n1,2\n", runtime);
    data::read_csv("mem:plain.csv.gz", {}, runtime);
  });
}

TEST_CASE("Python's csv module reads the same") {
  std::ifstream file(test::source_file("tests/data/csv_reference.json"));
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  const json::Value cases = json::parse(whole, "csv_reference.json");
  CHECK(cases.as_array().size() > 150);
  for (const json::Value& test : cases.as_array()) {
    const auto& rows = test.at("rows").as_array();
    ReadCsvOptions options{.separator = test.at("separator").as_string()[0], .header = Header::no, .missing = {}};
    for (std::size_t i = 0; i < rows[0].as_array().size(); ++i)
      options.types.emplace(std::string("c").append(std::to_string(i)), ColumnType::text);
    const std::string& text = test.at("text").as_string();
    INFO(text);
    for (const std::size_t step : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
      const Table table = step == 0 ? parse_csv(text, options) : drip(text, step, options);
      REQUIRE(table.rows() == static_cast<std::int64_t>(rows.size()));
      for (std::size_t row = 0; row < rows.size(); ++row)
        for (std::size_t i = 0; i < rows[row].as_array().size(); ++i)
          CHECK(table.column(static_cast<std::int64_t>(i)).text(static_cast<std::int64_t>(row)) ==
                rows[row].as_array()[i].as_string());
    }
  }
}

TEST_CASE("where the buffer ends changes nothing") {
  std::string text = "\xef\xbb\xbf# head\r\nn,x,flag,t\r\n";
  for (int i = 0; i < 200; ++i) {
    text += std::to_string(i) + "," + (i % 5 == 0 ? "" : std::to_string(i) + ".25") + "," +
            (i % 2 == 0 ? "true" : "false") + ",\"line\r\n" + std::to_string(i % 9) + " \"\"q\"\"\"\r\n" +
            (i % 50 == 0 ? "\r\n#\r\n" : "");
  }
  text += "late,7,true,end";
  const ReadCsvOptions options{.label = "n", .comment = '#'};
  const std::string expected = data::format_csv(parse_csv(text, options));
  for (const std::size_t step : {1, 2, 7, 64, 1000}) CHECK(data::format_csv(drip(text, step, options)) == expected);
  // Records longer than the first buffer.
  std::string wide = "a,b\n1,\"", content;
  for (int i = 0; i < 600'000; ++i) content += static_cast<char>('a' + i % 26);
  wide += content + "\"\n2,x\n";
  const Table table = parse_csv(wide);
  CHECK(table.column("b").text(0) == content);
  CHECK(table.column("a").number(1) == 2);
}

TEST_CASE("numbers are bit for bit what from_chars reads") {
  Philox random(11);
  Texts values{"0",
               "-0",
               "-0.0",
               "1",
               "9007199254740992",
               "9007199254740993",
               "9007199254740991.5",
               "0.1",
               "1e22",
               "1e23",
               "8.5e-323",
               "5e-324",
               "2.2250738585072011e-308",
               "1.7976931348623157e308",
               "123456789012345678901234567890",
               "0.00000000000000000000001",
               "12345678901234567890.5",
               "9999999999999999",
               "99999999999999999999",
               "1.",
               ".5",
               "-.5",
               "1e5",
               "1E+05",
               "1e-05",
               "4503599627370496.5",
               "4503599627370497.5",
               "0.500000000000000166",
               "1.00000000000000011102230246251565404236316680908203125",
               "9007199254740993.0",
               "000000000000000000000001.5"};
  for (int i = 0; i < 100'000; ++i) {
    std::array<char, 64> text{};
    double value = 0;
    const std::uint64_t bits = std::uint64_t{random()} << 32 | random();
    std::memcpy(&value, &bits, sizeof value);
    const auto digits = static_cast<int>(random.below(20));
    const auto format = random.below(3) == 0 ? std::chars_format::scientific : std::chars_format::fixed;
    if (!(std::fabs(value) < 1e308) || format == std::chars_format::fixed)
      value = (random.uniform() - 0.5) * std::pow(10, digits);
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, format, static_cast<int>(random.below(18))).ptr;
    values.emplace_back(text.data(), end);
  }
  std::string text = "x\n";
  for (const std::string& value : values) text += value + "\n";
  const Table table = parse_csv(text, {.types = {{"x", ColumnType::float64}}});
  const auto& seen = std::get<Doubles>(table.column("x").values);
  REQUIRE(seen.size() == values.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double expected = 0;
    std::from_chars(values[i].data(), values[i].data() + values[i].size(), expected);
    if (std::memcmp(&expected, &seen[i], sizeof expected) != 0 && ++different < 5) UNSCOPED_INFO(values[i]);
  }
  CHECK(different == 0);
  // What is too small for a float64 is zero, with its sign; what is too large is none.
  CHECK(parse_csv("x\n1e-999\n-1e-999\n0.5\n").column("x").number(0) == 0);
  CHECK(std::signbit(parse_csv("x\n1e-999\n-1e-999\n0.5\n").column("x").number(1)));
  CHECK(parse_csv("x\n1e999\n").column("x").type() == ColumnType::text);
}

TEST_CASE("a matrix is what the table and an encoder give") {
  const Runtime runtime;
  const std::string text = "a,y,b\n1,3,0.1\n,10,1e3\n-2.5,3,123456789.125\n";
  data::write_bytes("mem:m.csv", text, runtime);
  const Dataset matrix = data::read_csv_matrix("mem:m.csv", {.label = "y"}, TargetKind::classification, runtime);
  const Table table = parse_csv(text, {.label = "y"});
  const Dataset expected =
      Encoder::fit(table, {.impute = Impute::keep, .scale = Scale::none}, TargetKind::classification).encode(table);
  CHECK(matrix.feature_names() == Texts{"a", "b"});
  CHECK(matrix.classes() == expected.classes());
  CHECK(matrix.classes() == Texts{"3", "10"});
  REQUIRE(matrix.rows() == 3);
  for (std::int64_t row = 0; row < 3; ++row) {
    CHECK(matrix.target(row) == expected.target(row));
    for (std::size_t i = 0; i < 2; ++i)
      CHECK(std::memcmp(&matrix.row(row)[i], &expected.row(row)[i], sizeof(float)) == 0);
  }
  CHECK(data::read_csv_matrix("mem:m.csv", {.label = "y"}, TargetKind::regression, runtime).target(1) == 10);
  CHECK(data::read_csv_matrix("mem:m.csv", {.columns = {"b", "y"}}, TargetKind::regression, runtime).row(0)[1] == 3);
  const auto fails = [&](const char* bad, const ReadCsvOptions& options = {.label = "y"}) {
    data::write_bytes("mem:bad.csv", bad, runtime);
    return message_of(Errc::parse,
                      [&] { data::read_csv_matrix("mem:bad.csv", options, TargetKind::regression, runtime); });
  };
  CHECK(fails("a,y\nx,1\n") == "mem:bad.csv:2:1: column \"a\": expected a number that a float32 can hold, got \"x\"");
  CHECK(fails("x,y\n3.4028235677973366e38,1\n1,0\n") ==
        "mem:bad.csv:2:1: column \"x\": expected a number that a float32 can hold, got \"3.4028235677973366e38\"");
  CHECK(fails("a,y\n1e39,1\n").find("got \"1e39\"") != std::string::npos);
  CHECK(fails(("a,y\n1" + std::string(39, '0') + ",1\n").c_str()).find("got \"1000") != std::string::npos);
  CHECK(fails("a,y\n1,\n") == "mem:bad.csv:2:3: column \"y\": the label is missing");
  CHECK(fails("a,y\n1,inf\n").find("a label that is a number") != std::string::npos);
  CHECK(fails("a,y\n1\n").find("1 field, expected 2") != std::string::npos);
}

TEST_CASE("a CSV names the weights of its rows") {
  const Runtime runtime;
  const std::string text = "a,n,y\n1,2,0.5\n2,0,16777217\n";
  data::write_bytes("mem:w.csv", text, runtime);
  const Table table = data::read_csv("mem:w.csv", {.label = "y", .weight = "n"}, runtime);
  CHECK(table.weights() == std::vector<double>{2, 0});
  const Dataset matrix =
      data::read_csv_matrix("mem:w.csv", {.label = "y", .weight = "n"}, TargetKind::regression, runtime);
  CHECK(matrix.feature_names() == Texts{"a"});
  CHECK(matrix.weight(0) == 2);
  CHECK(matrix.weight(1) == 0);
  CHECK(matrix.target(1) == 16777217);
  CHECK(message_of(Errc::not_found, [&] { parse_csv(text, {.weight = "w"}); }).find("ReadCsvOptions.weight") !=
        std::string::npos);
  CHECK(message_of(Errc::not_found, [&] { parse_csv(text, {.weight = "n", .columns = {"a"}}); }) ==
        "csv: ReadCsvOptions.weight is \"n\", which is not among ReadCsvOptions.columns");
  message_of(Errc::invalid_argument, [&] { parse_csv(text, {.label = "y", .weight = "y"}); });
  const auto fails = [&](const char* bad) {
    data::write_bytes("mem:w.csv", bad, runtime);
    return message_of(Errc::parse, [&] {
      data::read_csv_matrix("mem:w.csv", {.label = "y", .weight = "n"}, TargetKind::regression, runtime);
    });
  };
  CHECK(fails("n,y\n-1,2\n") ==
        "mem:w.csv:2:1: column \"n\": expected a weight, which is a number not below 0, got \"-1\"");
  CHECK(fails("n,y\n,2\n") == "mem:w.csv:2:1: column \"n\": the weight is missing");
}

TEST_CASE("a CSV names the offsets of its rows") {
  const Runtime runtime;
  const std::string text = "a,o,y\n1,-2.5,0.5\n2,1e12,3\n";
  data::write_bytes("mem:o.csv", text, runtime);
  const ReadCsvOptions options{.label = "y", .offset = "o"};
  const Table table = data::read_csv("mem:o.csv", options, runtime);
  CHECK(table.offset() == "o");
  CHECK(table.offsets() == std::vector<double>{-2.5, 1e12});
  CHECK(table.slice(1, 1).offsets() == std::vector<double>{1e12});
  CHECK(table.describe().find("label \"y\", offset \"o\"") != std::string::npos);
  CHECK(parse_csv(text, {.schema = table.schema()}).offset() == "o");
  const std::vector<std::string> some{"y", "o"};
  CHECK(table.select(some).offset() == "o");
  CHECK(table.select(std::vector<std::string>{"y", "a"}).offset().empty());
  const Encoder encoder = Encoder::fit(table, {}, TargetKind::regression);
  CHECK(encoder.feature_names() == Texts{"a"});
  CHECK(encoder.encode(table).offset(1) == 1e12);
  CHECK_FALSE(encoder.encode_inputs(table).has_offsets());
  CHECK(encoder.schema().offset.empty());
  const Dataset matrix = data::read_csv_matrix("mem:o.csv", options, TargetKind::regression, runtime);
  CHECK(matrix.feature_names() == Texts{"a"});
  CHECK(matrix.offset(0) == -2.5);
  CHECK(matrix.offset(1) == 1e12);
  CHECK(message_of(Errc::not_found, [&] { parse_csv(text, {.offset = "w"}); }).find("ReadCsvOptions.offset") !=
        std::string::npos);
  CHECK(message_of(Errc::invalid_argument, [&] { parse_csv(text, {.weight = "o", .offset = "o"}); }) ==
        "csv: ReadCsvOptions.weight and ReadCsvOptions.offset are both \"o\"");
  CHECK(message_of(Errc::invalid_argument, [&] { table.with_offset("y"); }) ==
        "column \"y\" cannot be both the label and the offset");
  CHECK(message_of(Errc::out_of_range, [&] { parse_csv("o,y\n1,2\n,3\n", {.offset = "o"}).offsets(); }) ==
        "column \"o\", row 1: the offset is missing, expected a finite number");
  CHECK(message_of(Errc::type_mismatch, [&] {
          parse_csv("o,y\nx,2\n", {.offset = "o"}).offsets();
        }).find("expected offsets, which are numbers, got text") != std::string::npos);
  const auto fails = [&](const char* bad) {
    data::write_bytes("mem:o.csv", bad, runtime);
    return message_of(Errc::parse,
                      [&] { data::read_csv_matrix("mem:o.csv", options, TargetKind::regression, runtime); });
  };
  CHECK(fails("o,y\n,2\n") == "mem:o.csv:2:1: column \"o\": the offset is missing");
  CHECK(fails("o,y\nx,2\n") == "mem:o.csv:2:1: column \"o\": expected an offset, which is a number, got \"x\"");
}

TEST_CASE("more than a thousand distinct numbers are no classes") {
  const Runtime runtime;
  std::string text = "x,y\n";
  for (int i = 0; i <= 1000; ++i) text += "1," + std::to_string(i) + ".5\n";
  data::write_bytes("mem:many.csv", text, runtime);
  const std::string expected =
      "column \"y\": the label has more than 1000 distinct numbers, too many for classes; to predict a number use "
      "LinearRegression, or trees or a network with {.loss = Loss::squared}";
  CHECK(message_of(Errc::too_large, [&] {
          data::read_csv_matrix("mem:many.csv", {.label = "y"}, TargetKind::classification, runtime);
        }) == "mem:many.csv: " + expected);
  const Table table = parse_csv(text, {.label = "y"});
  CHECK(message_of(Errc::too_large, [&] { Encoder::fit(table, {}, TargetKind::classification); }) == expected);
  CHECK(Encoder::fit(table.slice(0, 1000), {}, TargetKind::classification).classes().size() == 1000);
}

TEST_CASE("what is written reads back the same") {
  const Table table({Column{"flag", std::vector<std::uint8_t>{1, 0, 1}, {1, 1, 0}},
                     Column{"n", std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 0, 5}, {}},
                     Column{"x", Doubles{0.1, 5e-324, -3}, {}},
                     Column{"with, \"both\"\n", TextValues{{"a,b", "NA", " c"}, {0, 1, 2}}, {}}},
                    "n");
  const test::TemporaryDirectory folder;
  data::write_csv(table, folder / "t.csv");
  const Table again = data::read_csv(folder / "t.csv", {.label = "n", .quoted_missing = false});
  CHECK(data::format_csv(again) == data::format_csv(table));
  CHECK(again.column("flag").type() == ColumnType::boolean);
  CHECK(again.column("flag").is_missing(2));
  CHECK(again.column("n").type() == ColumnType::int64);
  CHECK(std::get<1>(again.column("n").values) == std::get<1>(table.column("n").values));
  CHECK(std::get<2>(again.column("x").values) == std::get<2>(table.column("x").values));
  CHECK(texts(again.column(3)) == Texts{"a,b", "NA", " c"});
  CHECK(again.column(3).name == "with, \"both\"\n");
  // Whole float64 numbers keep their type; selections write their rows.
  CHECK(data::format_csv(Table({Column{"x", Doubles{1, -2}, {}}}).slice(1, 1)) == "x\n-2.0\n");
}

TEST_CASE("the tables that come with the project") {
  const std::string folder = test::source_file("examples/data/");
  const Table penguins = data::read_csv(folder + "penguins.csv", {.label = "species"});
  CHECK(penguins.rows() == 344);
  std::map<std::string, int> species;
  int without_sex = 0, without_bill = 0;
  for (std::int64_t row = 0; row < penguins.rows(); ++row) {
    ++species[std::string(penguins.column("species").text(row))];
    without_sex += penguins.column("sex").is_missing(row) ? 1 : 0;
    without_bill += penguins.column("bill_length_mm").is_missing(row) ? 1 : 0;
  }
  // As the package's own description counts them.
  CHECK(species == std::map<std::string, int>{{"Adelie", 152}, {"Chinstrap", 68}, {"Gentoo", 124}});
  CHECK(without_sex == 11);
  CHECK(without_bill == 2);
  CHECK(penguins.column("body_mass_g").type() == ColumnType::int64);
  const Table visits = data::read_csv(folder + "randhie.csv", {.label = "mdvis"});
  CHECK(visits.rows() == 20'190);
  CHECK(visits.column_count() == 10);
}

TEST_CASE("the census table") {
  const std::string path = test::shared_data("adult-train.csv");
  if (!std::ifstream(path)) {
    WARN("skipped: " + path + " is not there");
    return;
  }
  const Texts names{"age",     "workclass",  "fnlwgt",       "education", "education_num",
                    "marital", "occupation", "relationship", "race",      "sex",
                    "gain",    "loss",       "hours",        "country",   "income"};
  const Table table = data::read_csv(path, {.label = "income", .header = Header::no, .names = names, .trim = true});
  CHECK(table.rows() == 32'561);  // adult.names: 48,842 instances, train = 32,561, test = 16,281
  CHECK(table.column("age").type() == ColumnType::int64);
  CHECK(table.column("workclass").type() == ColumnType::text);
  const auto missing = [&](const char* name) {
    const Column& column = table.column(name);
    std::int64_t count = 0;
    for (std::int64_t row = 0; row < table.rows(); ++row) count += column.is_missing(row) ? 1 : 0;
    return count;
  };
  CHECK(missing("workclass") == 1836);  // grep -c counts of ' ?,' by column
  CHECK(missing("occupation") == 1843);
  CHECK(missing("country") == 583);
  CHECK(missing("age") == 0);
  const Dataset data = Encoder::fit(table, {}, TargetKind::classification).encode(table);
  CHECK(data.classes() == Texts{"<=50K", ">50K"});
  double positive = 0;
  for (std::int64_t row = 0; row < data.rows(); ++row) positive += data.target(row);
  CHECK(positive == 7841);  // adult.names: 24.08 % ">50K"
}

TEST_CASE("the wine table") {
  const std::string path = test::shared_data("winequality-white.csv");
  if (!std::ifstream(path)) {
    WARN("skipped: " + path + " is not there");
    return;
  }
  const Table table = data::read_csv(path, {.label = "c11", .header = Header::no});
  CHECK(table.rows() == 4898);
  CHECK(table.column_count() == 12);
  double sum = 0;
  for (const double quality : numbers(table.column("c11"))) sum += quality;
  CHECK(sum / 4898 == Approx(5.877909).epsilon(1e-6));  // the mean quality that the set's description gives
}

TEST_CASE("a matrix of floats refuses whole numbers that a float32 does not hold", "[csv]") {
  const Runtime runtime;
  data::write_bytes("mem:days.csv", "day,x,y\n16777216,0.1,1\n20240131,0.1,2\n", runtime);
  CHECK(message_of(Errc::parse, [&] {
          data::read_csv_matrix("mem:days.csv", {.label = "y"}, TargetKind::regression, runtime);
        }).find("column \"day\": 20240131 is a whole number that a float32 does not hold") != std::string::npos);
}
