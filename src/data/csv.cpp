#include "scalar/data/csv.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "data/csv_lexer.hpp"
#include "data/dictionary.hpp"
#include "scalar/core/json.hpp"

namespace scalar::inline v0::data {
namespace {

enum class Kind {
  unused,  // not wanted, or to be read as text in a second pass
  unknown,
  boolean,
  int64,
  float64,
  text,
};

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

/// A column that is being read. Its type widens as values arrive.
class Builder {
 public:
  Builder(std::string name, Kind kind, ColumnSchema schema)
      : name_(std::move(name)), kind_(kind), declared_(kind > Kind::unknown), schema_(std::move(schema)) {}

  Next read(CsvLexer& lexer) {
    if (kind_ == Kind::float64) {
      double number = 0;
      const Next next = lexer.number(number);
      if (next == Next::more) return next;
      if (next != Next::other) {
        numbers_.push_back(number);
        added(true);
        return next;
      }
    } else if (kind_ == Kind::int64) {
      std::int64_t integer = 0;
      const Next next = lexer.integer(integer);
      if (next == Next::more) return next;
      if (next != Next::other) {
        integers_.push_back(integer);
        added(true);
        return next;
      }
    }
    std::string_view text;
    const Next next = lexer.field(text);
    if (next != Next::more && kind_ != Kind::unused) add(text, lexer);
    return next;
  }

  /// Forgets the values after the first `rows`.
  void cut(std::size_t rows) {
    if (kind_ == Kind::unused || rows_ <= rows) return;
    rows_ = rows;
    for_values([&](auto& values) { values.resize(rows); });
    if (!present_.empty()) present_.resize(rows);
  }

  bool must_read_again() const noexcept { return again_; }
  /// Prepares for the second pass, in which the column is read as text or, if it is complete, skipped.
  void read_again() {
    kind_ = again_ ? Kind::text : Kind::unused;
    if (again_) present_.clear(), rows_ = 0;
    again_ = false;
  }
  std::size_t rows() const noexcept { return rows_; }

  Column release() && {
    if (first_kind_ == Kind::unknown) widen(Kind::float64);  // no value at all
    Column column{std::move(name_), {}, std::move(present_), std::move(note_)};
    switch (first_kind_) {
      case Kind::boolean:
        column.values = std::move(booleans_);
        break;
      case Kind::int64:
        column.values = std::move(integers_);
        break;
      case Kind::float64:
        column.values = std::move(numbers_);
        break;
      default:
        column.values = TextValues{dictionary_.release(), std::move(codes_)};
    }
    return column;
  }

 private:
  template <class Visit>
  void for_values(Visit visit) {
    switch (kind_) {
      case Kind::boolean:
        return visit(booleans_);
      case Kind::int64:
        return visit(integers_);
      case Kind::float64:
        return visit(numbers_);
      case Kind::text:
        return visit(codes_);
      default:
        return;
    }
  }

  void added(bool present) {
    ++rows_;
    if (!present && present_.empty()) {
      present_.assign(rows_ - 1, 1);
      present_.reserve(rows_);
    }
    if (!present_.empty() || !present) present_.push_back(present ? 1 : 0);
  }

  void add(std::string_view text, CsvLexer& lexer) {
    if (lexer.is_missing(text) && !(schema_.quoted_values && lexer.was_quoted())) {
      for_values([](auto& values) { values.emplace_back(); });
      if (kind_ == Kind::float64) numbers_.back() = std::numeric_limits<double>::quiet_NaN();
      return added(false);
    }
    if (declared_ ? add_value(text, lexer) : widen_for(text, lexer) && add_value(text, lexer)) return added(true);
    if (declared_) {
      const std::string_view type = scalar::name(schema_.type);
      lexer.fail(Errc::parse, "column {}: expected {} {}, got {}", quoted(name_), type[0] == 'i' ? "an" : "a", type,
                 quoted(text));
    }
  }

  /// Adds a value of this column's type; false if the text is not of that type.
  bool add_value(std::string_view text, CsvLexer& lexer) {
    switch (kind_) {
      case Kind::boolean: {
        auto value = parse_boolean(text);
        if (!value && declared_ && (text == "0" || text == "1")) value = text == "1";
        if (value) booleans_.push_back(*value ? 1 : 0);
        return value.has_value();
      }
      case Kind::int64: {
        std::int64_t value = 0;
        if (parse_int(text, value) != Parsed::number) return false;
        integers_.push_back(value);
        return true;
      }
      case Kind::float64: {
        double value = 0;
        if (parse_double(text, value) != Parsed::number) {
          const auto boolean = schema_.type == ReadAs::number ? parse_boolean(text) : std::nullopt;
          if (!boolean) return false;
          value = *boolean ? 1 : 0;
        }
        numbers_.push_back(value);
        return true;
      }
      default:
        break;
    }
    const std::size_t known = dictionary_.size();
    codes_.push_back(dictionary_.add(text));
    if (dictionary_.size() != known && !json::is_utf8(text)) lexer.fail(Errc::parse, "this text is not UTF-8");
    return true;
  }

  /// The narrowest kind that holds this value and, in a float64 column, all digits of a number.
  Kind kind_for(std::string_view text) const {
    if (has_leading_zero(text)) return Kind::text;
    std::int64_t integer = 0;
    double number = 0;
    const Parsed parsed = parse_int(text, integer);
    if (parsed == Parsed::number) return kind_ == Kind::float64 && !is_exact(integer) ? Kind::text : Kind::int64;
    if (parse_double(text, number) == Parsed::number)
      return parsed == Parsed::too_large && !spells(text, number) ? Kind::text : Kind::float64;
    return parse_boolean(text) ? Kind::boolean : Kind::text;
  }

  /// Makes the column wide enough for `text`; false if that takes a second pass.
  bool widen_for(std::string_view text, const CsvLexer& lexer) {
    if (kind_ == Kind::text) return true;
    const Kind needed = kind_for(text);
    if (needed == kind_ || (kind_ == Kind::float64 && needed == Kind::int64)) return true;
    keep_note(text, lexer);
    if (kind_ == Kind::unknown) return widen(needed), true;
    if (kind_ == Kind::int64 && needed == Kind::float64 &&
        std::all_of(integers_.begin(), integers_.end(), [](std::int64_t value) { return is_exact(value); })) {
      numbers_.assign(integers_.begin(), integers_.end());
      for (std::size_t i = 0; i < present_.size(); ++i)
        if (present_[i] == 0) numbers_[i] = std::numeric_limits<double>::quiet_NaN();
      integers_ = {};
      kind_ = first_kind_ = Kind::float64;
      return true;
    }
    // How the values before this one were spelled is lost, so the column is read again, as text.
    booleans_ = {}, integers_ = {}, numbers_ = {};
    first_kind_ = Kind::text;
    kind_ = Kind::unused;
    again_ = true;
    return false;
  }

  void keep_note(std::string_view text, const CsvLexer& lexer) {
    note_ = {shown(text), lexer.place(), 0, {}};
    if (kind_ == Kind::unknown) return;
    note_.before = present_.empty()
                       ? static_cast<std::int64_t>(rows_)
                       : std::count(present_.begin(), present_.begin() + static_cast<std::ptrdiff_t>(rows_), 1);
    note_.before_type = static_cast<ColumnType>(static_cast<int>(kind_) - 2);
  }

  /// Sets the kind of a column that has no value yet.
  void widen(Kind kind) {
    kind_ = first_kind_ = kind;
    for_values([&](auto& values) { values.resize(rows_); });
    if (kind == Kind::float64) numbers_.assign(rows_, std::numeric_limits<double>::quiet_NaN());
  }

  std::string name_;
  Kind kind_;                // what is being read
  Kind first_kind_ = kind_;  // what the column is
  bool declared_;
  ColumnSchema schema_;  // without the name
  ColumnNote note_;
  bool again_ = false;
  std::size_t rows_ = 0;
  std::vector<std::uint8_t> present_;  // empty while every row has a value
  std::vector<std::uint8_t> booleans_;
  std::vector<std::int64_t> integers_;
  std::vector<double> numbers_;
  Dictionary dictionary_;
  std::vector<std::uint32_t> codes_;
};

Kind kind_of(ReadAs type) {
  switch (type) {
    case ReadAs::boolean:
      return Kind::boolean;
    case ReadAs::int64:
      return Kind::int64;
    case ReadAs::float64:
    case ReadAs::number:
      return Kind::float64;
    case ReadAs::text:
      return Kind::text;
    case ReadAs::inferred:
      break;
  }
  return Kind::unknown;
}

std::vector<Builder> make_builders(const CsvLayout& layout) {
  std::vector<Builder> builders;
  for (std::size_t i = 0; i < layout.names.size(); ++i) {
    const ColumnSchema& schema = layout.schema[i];
    builders.emplace_back(layout.names[i], layout.is_wanted[i] ? kind_of(schema.type) : Kind::unused, schema);
  }
  return builders;
}

std::size_t read_rows(CsvLexer& lexer, std::vector<Builder>& builders) {
  std::size_t rows = 0;
  for_each_field(
      lexer, builders.size(), [&](std::size_t column) { return builders[column].read(lexer); },
      [&] {
        for (Builder& builder : builders) builder.cut(rows);
      },
      [&] { ++rows; });
  return rows;
}

Table read(const OpenBytes& open, const ReadCsvOptions& options, const std::string& context) {
  CsvLayout layout;
  CsvLexer lexer = open_csv(open, options, context, layout);
  std::vector<Builder> builders = make_builders(layout);
  const std::size_t rows = read_rows(lexer, builders);
  if (std::any_of(builders.begin(), builders.end(), [](const Builder& builder) { return builder.must_read_again(); })) {
    for (Builder& builder : builders) builder.read_again();
    CsvLayout same;
    CsvLexer second = open_csv(open, options, context, same);
    if (same.names != layout.names || read_rows(second, builders) != rows)
      fail(Errc::io, context, "changed while it was read");
  }
  std::vector<Column> columns;
  for (const std::size_t position : layout.wanted) columns.push_back(std::move(builders[position]).release());
  return Table(std::move(columns), layout.label, layout.weight, layout.offset);
}

}  // namespace

Table read_csv(const Uri& uri, const ReadCsvOptions& options, const Runtime& runtime) {
  return read([&] { return open_stream(uri, runtime); }, options, uri.string());
}

Table parse_csv(std::string_view text, const ReadCsvOptions& options, const Runtime&) {
  return read([&] { return memory_stream(text, "csv"); }, options, "csv");
}

}  // namespace scalar::inline v0::data
