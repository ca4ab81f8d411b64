#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "data/labels.hpp"
#include "scalar/core/json.hpp"
#include "scalar/data/csv.hpp"
#include "scalar/data/store.hpp"

namespace scalar::inline v0::data {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

class Writer {
 public:
  Writer(const Table& table, const WriteCsvOptions& options) : table_(table), options_(options) {
    const char c = options.separator;
    if (c == '"' || c == '\n' || c == '\r' || c == '\0' ||
        options.missing.find_first_of("\"\r\n") != std::string::npos || options.missing.find(c) != std::string::npos)
      fail(Errc::invalid_argument, {},
           "WriteCsvOptions: separator or missing hold a quote, a line end or the separator");
  }

  /// Writes the whole table, calling `flush(text)` with pieces of about `piece_bytes`.
  template <class Flush>
  void write(Flush flush) {
    for (std::int64_t i = 0; i < table_.column_count(); ++i) {
      if (i != 0) out_ += options_.separator;
      append_text(table_.column(i).name, i, -1);
    }
    out_ += '\n';
    for (std::int64_t row = 0; row < table_.rows(); ++row) {
      const std::int64_t stored = table_.stored_row(row);
      for (std::int64_t i = 0; i < table_.column_count(); ++i) {
        if (i != 0) out_ += options_.separator;
        append_value(i, row, stored);
      }
      out_ += '\n';
      if (out_.size() < piece_bytes) continue;
      flush(out_);
      out_.clear();
    }
    flush(out_);
  }

 private:
  /// Appends a text of a row, or, where `row` is -1, the name of the column.
  void append_text(std::string_view text, std::int64_t column, std::int64_t row) {
    if (text.find('\0') != std::string_view::npos || !json::is_utf8(text)) refuse(text, column, row);
    const char special[] = {'"', '\r', '\n', options_.separator};
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };  // which `.trim` would drop
    const bool is_plain = text.find_first_of(std::string_view(special, sizeof special)) == std::string_view::npos &&
                          text != options_.missing && !text.empty() && !is_blank(text.front()) &&
                          !is_blank(text.back()) && !text.starts_with("\xef\xbb\xbf") && !spells_missing(text);
    if (is_plain) {
      out_ += text;
      return;
    }
    out_ += '"';
    for (const char c : text) c == '"' ? out_ += "\"\"" : out_ += c;
    out_ += '"';
  }
  static bool spells_missing(std::string_view text) {
    static const ReadCsvOptions defaults;
    return std::find(defaults.missing.begin(), defaults.missing.end(), text) != defaults.missing.end();
  }
  [[noreturn]] void refuse(std::string_view text, std::int64_t column, std::int64_t row) const {
    fail(Errc::invalid_argument,
         row < 0 ? fmt::format("column {}", column)
                 : fmt::format("column {}, row {}", quoted(table_.column(column).name), row),
         "the {} {} cannot be written to a CSV, which holds UTF-8 without NUL bytes", row < 0 ? "name" : "text",
         quoted(text));
  }
  void append_value(std::int64_t position, std::int64_t row, std::int64_t stored) {
    const Column& column = table_.column(position);
    if (column.is_missing(stored)) {
      out_ += options_.missing;
      return;
    }
    const auto i = static_cast<std::size_t>(stored);
    switch (column.type()) {
      case ColumnType::boolean:
        out_ += std::get<0>(column.values)[i] != 0 ? "true" : "false";
        return;
      case ColumnType::int64:
        out_ += shortest(std::get<1>(column.values)[i]);
        return;
      case ColumnType::float64:
        append_double(std::get<2>(column.values)[i]);
        return;
      case ColumnType::text:
        append_text(column.text(stored), position, row);
    }
  }
  void append_double(double number) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    const std::string_view written(text.data(), static_cast<std::size_t>(end - text.data()));
    out_ += written;
    // A decimal point keeps the column a float64 when it is read back.
    if (written.find_first_not_of("-0123456789") == std::string_view::npos) out_ += ".0";
  }

  const Table& table_;
  const WriteCsvOptions& options_;
  std::string out_;
};

}  // namespace

std::string format_csv(const Table& table, const WriteCsvOptions& options) {
  std::string whole;
  Writer(table, options).write([&](const std::string& text) { whole += text; });
  return whole;
}

void write_csv(const Table& table, const Uri& uri, const WriteCsvOptions& options, const Runtime& runtime) {
  Writer writer(table, options);
  const auto output = runtime.slot<Stores>().find(uri).create(uri);
  writer.write([&](const std::string& text) { output->write(std::as_bytes(std::span(text.data(), text.size()))); });
  output->commit();
}

}  // namespace scalar::inline v0::data
