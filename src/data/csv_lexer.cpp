#include "data/csv_lexer.hpp"

#include <algorithm>
#include <cstring>

#include "core/quoted.hpp"
#include "scalar/core/json.hpp"

namespace scalar::inline v0::data {
namespace {

constexpr std::size_t first_buffer_bytes = std::size_t{1} << 18;  // stays in the second-level cache
constexpr std::size_t max_columns = std::size_t{1} << 20;

void check_options(const ReadCsvOptions& options) {
  const auto refuse = [](std::string_view what) { fail(Errc::invalid_argument, {}, "ReadCsvOptions: {}", what); };
  const char separator = options.separator;
  if (separator == '\0' || separator == '\n' || separator == '\r' || is_digit(separator) ||
      (separator >= 'a' && separator <= 'z') || (separator >= 'A' && separator <= 'Z') || separator == '.' ||
      separator == '+' || separator == '-')
    refuse("this separator could be part of a value");
  if (options.quote == separator || options.quote == '\n' || options.quote == '\r' || options.quote == '\0')
    refuse("the quote must differ from separator, line end and NUL");
  if (options.comment != '\0' && (options.comment == separator || options.comment == options.quote ||
                                  options.comment == '\n' || options.comment == '\r'))
    refuse("the comment must differ from separator, quote and line end");
  if (options.header == Header::yes && !options.names.empty())
    refuse("names are for data without header; set .header = Header::no, and .skip_rows to drop one");
  if (options.skip_rows < 0) refuse(fmt::format("skip_rows is {}, expected at least 0", options.skip_rows));
}

}  // namespace

CsvLexer::CsvLexer(ReadBytes source, const ReadCsvOptions& options, std::string context)
    : source_(std::move(source)),
      context_(std::move(context)),
      separator_(options.separator),
      quote_(options.quote),
      comment_(options.comment),
      trim_(options.trim),
      quoted_missing_(options.quoted_missing),
      max_field_bytes_(options.max_field_bytes),
      missing_(options.missing),
      capacity_(first_buffer_bytes),
      buffer_(std::make_unique_for_overwrite<char[]>(capacity_ + 1)) {
  buffer_[0] = '\0';
  check_options(options);
  for (char c : {separator_, quote_, '\n', '\r', '\0'}) special_[static_cast<unsigned char>(c)] = true;
  for (char c : {' ', '\t'}) blank_[static_cast<unsigned char>(c)] = c != separator_ && c != quote_;
  for (const std::string& spelling : missing_) {
    double number = 0;
    if (parse_double(spelling, number) != Parsed::none) numeric_missing_ = true;
    if (!spelling.empty()) missing_first_[static_cast<unsigned char>(spelling[0])] = true;
  }
  at_ = end_ = record_ = line_begin_ = buffer_.get();
  while (end_ - at_ < 3 && refill(at_)) {
  }
  const std::string_view start(at_, static_cast<std::size_t>(end_ - at_));
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff"))
    fail(Errc::parse, "begins with the byte order mark of UTF-16, expected UTF-8");
  if (start.starts_with("\xef\xbb\xbf")) at_ = line_begin_ = at_ + 3;
  for (std::int64_t i = 0; i < options.skip_rows && skip_line(); ++i) {
  }
}

/// Moves `[keep, end)` to the front of the buffer, which grows if it is full, and reads more bytes behind it. False at
/// the end of the input.
bool CsvLexer::refill(const char* keep) {
  if (ended_) return false;
  const auto kept = static_cast<std::size_t>(end_ - keep);
  const std::ptrdiff_t at = at_ - keep, line_begin = line_begin_ - keep;
  if (kept == capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(2 * kept + 1);
    std::memcpy(larger.get(), keep, kept);
    buffer_.swap(larger);
    capacity_ = 2 * kept;
  } else if (kept != 0) {
    std::memmove(buffer_.get(), keep, kept);
  }
  char* const begin = buffer_.get();
  const std::size_t got = source_(std::as_writable_bytes(std::span(begin + kept, capacity_ - kept)));
  ended_ = got == 0;
  begin[kept + got] = '\0';
  record_ = begin;
  at_ = begin + at;
  line_begin_ = begin + line_begin;
  end_ = begin + kept + got;
  return got != 0;
}

/// Skips to the next line; false if there is none.
bool CsvLexer::skip_line() {
  for (;;) {
    const void* found = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
    if (found != nullptr) {
      new_line(static_cast<const char*>(found) + 1);
      return true;
    }
    at_ = line_begin_ = end_;
    if (!refill(end_)) return false;
  }
}

bool CsvLexer::begin_record(std::size_t columns) {
  for (;;) {
    if (at_ == end_ && !refill(at_)) return false;
    if (comment_ != '\0' && *at_ == comment_) {
      if (!skip_line()) return false;
      continue;
    }
    if (columns != 1) {
      const char* at = skip_blanks(at_);
      if (*at == '\r' && at + 1 != end_ && at[1] == '\n') ++at;
      // A CR at the end of the buffer may be the first half of a CRLF.
      if ((at == end_ || (*at == '\r' && at + 1 == end_)) && !ended_) {
        refill(at_);
        continue;
      }
      if (at == end_) return false;  // blanks only
      if (*at == '\n') {
        new_line(at + 1);
        skipped_empty_line_ = true;
        continue;
      }
    }
    record_ = at_;
    record_line_ = line_;
    return true;
  }
}

void CsvLexer::rewind_record() noexcept {
  at_ = line_begin_ = record_;
  line_ = record_line_;
}

void CsvLexer::retry_record() {
  rewind_record();
  refill(record_);
}

Next CsvLexer::finish_return(const char* at) {
  if (at + 1 == end_ && !ended_) return Next::more;
  if (at + 1 != end_ && at[1] == '\n') return new_line(at + 2);
  fail(Errc::parse, "a carriage return without a line feed, outside of quotes");
}

void CsvLexer::check_size(std::size_t bytes) const {
  if (bytes > max_field_bytes_)
    fail(Errc::too_large, "this field has more than {} bytes (max_field_bytes){}", max_field_bytes_,
         quoted_ ? "; is its quote closed?" : "");
}

Next CsvLexer::field(std::string_view& text) {
  const char* const begin = skip_blanks(at_);
  mark(begin);
  quoted_ = *begin == quote_ && begin != end_;
  if (quoted_) return quoted_field(begin + 1, text);
  const char* at = begin;
  while (!special_[static_cast<unsigned char>(*at)]) ++at;
  check_size(static_cast<std::size_t>(at - begin));
  const Next next = finish(at);
  if (next == Next::other)
    fail(Errc::parse, "{}", *at == quote_ ? "a quote within a field that does not begin with one" : "a NUL byte");
  while (trim_ && at != begin && blank_[static_cast<unsigned char>(at[-1])]) --at;
  text = {begin, static_cast<std::size_t>(at - begin)};
  return next;
}

Next CsvLexer::quoted_field(const char* at, std::string_view& text) {
  scratch_.clear();
  const char* const first = at;
  const char* begin = at;  // of the part that is not in scratch_ yet
  for (;;) {
    const auto* quote = static_cast<const char*>(std::memchr(at, quote_, static_cast<std::size_t>(end_ - at)));
    check_size(static_cast<std::size_t>((quote == nullptr ? end_ : quote) - first));
    if (quote == nullptr || (quote + 1 == end_ && !ended_)) {
      if (!ended_) return Next::more;
      fail(Errc::parse, "this quoted field does not end");
    }
    at = quote + 1;
    if (at == end_ || *at != quote_) break;
    scratch_.append(begin, at);
    begin = ++at;
  }
  const char* const last = at - 1;
  if (std::memchr(first, '\0', static_cast<std::size_t>(last - first)) != nullptr) fail(Errc::parse, "a NUL byte");
  if (first == begin) {
    text = {begin, static_cast<std::size_t>(last - begin)};
  } else {
    scratch_.append(begin, last);
    text = scratch_;
  }
  for (const char* line = first;
       (line = static_cast<const char*>(std::memchr(line, '\n', static_cast<std::size_t>(last - line)))) != nullptr;) {
    line_begin_ = ++line;
    ++line_;
  }
  const Next next = finish(skip_blanks(at));
  if (next == Next::other) fail(Errc::parse, "text after a closing quote; a quote within quotes is written twice");
  return next;
}

bool CsvLexer::is_missing(std::string_view text) const noexcept {
  if (quoted_ && !quoted_missing_) return false;
  if (!text.empty() && !missing_first_[static_cast<unsigned char>(text[0])]) return false;
  return std::find(missing_.begin(), missing_.end(), text) != missing_.end();
}

std::string CsvLexer::place() const { return fmt::format("{}:{}:{}", context_, field_line_, field_column_); }

void CsvLexer::fail_ragged(std::size_t seen, bool or_more, std::size_t expected) const {
  fail(Errc::parse, "this record has {} {}{}, expected {}", seen, seen == 1 ? "field" : "fields",
       or_more ? " or more" : "", expected);
}

namespace {

std::vector<std::string> read_record(CsvLexer& lexer) {
  for (;;) {
    std::vector<std::string> fields;
    for (;;) {
      std::string_view text;
      const Next next = lexer.field(text);
      if (next == Next::more) break;
      if (fields.size() == max_columns) lexer.fail(Errc::too_large, "more than {} columns", max_columns);
      if (!json::is_utf8(text)) lexer.fail(Errc::parse, "this text is not UTF-8");
      fields.emplace_back(text);
      if (next == Next::line) return fields;
    }
    lexer.retry_record();
  }
}

/// The names that a schema gives to the columns of a file without header: all of them, or the required ones.
std::vector<std::string> names_of(const Schema& schema, std::size_t count) {
  std::vector<std::string> all, required;
  for (const ColumnSchema& column : schema.columns) {
    all.push_back(column.name);
    if (!column.optional) required.push_back(column.name);
  }
  return required.size() == count ? required : all;
}

std::vector<std::string> read_names(CsvLexer& lexer, const ReadCsvOptions& options, const std::string& context) {
  const bool has_header = options.header == Header::yes;
  const bool by_schema = !has_header && options.names.empty() && !options.schema.columns.empty();
  if (!lexer.begin_record(has_header || by_schema ? 0 : options.names.size()))
    fail(Errc::empty, context, "there is no data");
  std::vector<std::string> names = read_record(lexer);
  if (!has_header) {
    const std::vector<std::string> given = by_schema ? names_of(options.schema, names.size()) : options.names;
    if (!given.empty() && given.size() != names.size()) lexer.fail_ragged(names.size(), false, given.size());
    lexer.rewind_record();
    for (std::string& name : names) name.clear();
    if (!given.empty()) names = given;
  }
  const bool may_be_empty = std::any_of(options.schema.columns.begin(), options.schema.columns.end(),
                                        [](const ColumnSchema& column) { return column.name.empty(); });
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].empty() && !may_be_empty) names[i] = fmt::format("c{}", i);
  return names;
}

/// Finds columns by name.
class Positions {
 public:
  Positions(const std::vector<std::string>& names, const std::string& context) : names_(names), context_(context) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (!positions_.emplace(names[i], i).second)
        fail(Errc::already_exists, context, "two columns are called {}", quoted(names[i]));
  }

  const std::size_t* find(const std::string& name) const {
    const auto found = positions_.find(name);
    return found == positions_.end() ? nullptr : &found->second;
  }
  /// The position of a column that the option `who` names.
  std::size_t of(const std::string& name, std::string_view who) const {
    if (const std::size_t* found = find(name)) return *found;
    std::string known;
    for (std::size_t i = 0; i < names_.size() && i < 50; ++i) known += (i == 0 ? "" : ", ") + quoted(names_[i]);
    fail(Errc::not_found, context_, "{} names {}; the columns are {}{}", who, quoted(name), known,
         names_.size() > 50 ? " ..." : "");
  }

 private:
  const std::vector<std::string>& names_;
  const std::string& context_;
  std::map<std::string_view, std::size_t> positions_;
};

/// The names of the columns that the table will have, in order.
std::vector<std::string> wanted_names(const CsvLayout& layout, const Positions& positions,
                                      const ReadCsvOptions& options, const std::string& context) {
  if (!options.columns.empty()) return options.columns;
  if (options.schema.columns.empty()) return layout.names;
  std::vector<std::string> wanted;
  std::vector<std::uint8_t> is_named(layout.names.size());
  for (const ColumnSchema& column : options.schema.columns) {
    if (column.optional && positions.find(column.name) == nullptr) continue;
    is_named[positions.of(column.name, "ReadCsvOptions.schema")] = 1;
    wanted.push_back(column.name);
  }
  for (std::size_t i = 0; i < layout.names.size(); ++i) {
    if (is_named[i]) continue;
    if (!options.other_columns)
      fail(Errc::shape_mismatch, context,
           "column {} is not in ReadCsvOptions.schema; set .other_columns to read it too, or list what you want in "
           ".columns",
           quoted(layout.names[i]));
    wanted.push_back(layout.names[i]);
  }
  return wanted;
}

/// The label, the weight and the offset of a schema must be among its columns.
void check_roles(const Schema& schema, const std::string& context) {
  for (const auto& [role, wanted] :
       {std::pair("label", &schema.label), std::pair("weight", &schema.weight), std::pair("offset", &schema.offset)}) {
    const auto has_name = [&](const ColumnSchema& column) { return column.name == *wanted; };
    if (!wanted->empty() && std::none_of(schema.columns.begin(), schema.columns.end(), has_name))
      fail(Errc::not_found, context, "ReadCsvOptions.schema has the {} {}, which is not among its columns", role,
           quoted(*wanted));
  }
}

/// Reads the header and applies the options. The next record is the first of the data.
CsvLayout read_layout(CsvLexer& lexer, const ReadCsvOptions& options, const std::string& context) {
  check_roles(options.schema, context);
  CsvLayout layout;
  layout.names = read_names(lexer, options, context);
  const Positions positions(layout.names, context);
  layout.is_wanted.assign(layout.names.size(), 0);
  for (const std::string& name : wanted_names(layout, positions, options, context)) {
    const std::size_t position = positions.of(name, "ReadCsvOptions.columns");
    if (layout.is_wanted[position])
      fail(Errc::invalid_argument, context, "ReadCsvOptions.{} names {} twice",
           options.columns.empty() ? "schema" : "columns", quoted(name));
    layout.is_wanted[position] = 1;
    layout.wanted.push_back(position);
  }
  layout.schema.resize(layout.names.size());
  for (const ColumnSchema& column : options.schema.columns)
    if (const std::size_t* position = positions.find(column.name)) layout.schema[*position] = column;
  for (const auto& [name, type] : options.types)
    layout.schema[positions.of(name, "ReadCsvOptions.types")].type = static_cast<ReadAs>(type);
  // The label, weight or offset is the column that the options name, else the one that the schema names if it is read.
  const auto column_of = [&](const std::string& option, const std::string& of_schema, const std::string& role) {
    if (option.empty()) {
      const std::size_t* const position = positions.find(of_schema);
      return position != nullptr && layout.is_wanted[*position] ? of_schema : std::string();
    }
    if (!layout.is_wanted[positions.of(option, "ReadCsvOptions." + role)])
      fail(Errc::not_found, context, "ReadCsvOptions.{} is {}, which is not among ReadCsvOptions.columns", role,
           quoted(option));
    return option;
  };
  layout.label = column_of(options.label, options.schema.label, "label");
  layout.weight = column_of(options.weight, options.schema.weight, "weight");
  layout.offset = column_of(options.offset, options.schema.offset, "offset");
  const auto check_different = [&](const std::string& one, std::string_view role, const std::string& other,
                                   std::string_view other_role) {
    if (!one.empty() && one == other)
      fail(Errc::invalid_argument, context, "ReadCsvOptions.{} and ReadCsvOptions.{} are both {}", role, other_role,
           quoted(one));
  };
  check_different(layout.label, "label", layout.weight, "weight");
  check_different(layout.label, "label", layout.offset, "offset");
  check_different(layout.weight, "weight", layout.offset, "offset");
  return layout;
}

}  // namespace

CsvLexer open_csv(const OpenBytes& open, const ReadCsvOptions& options, const std::string& context, CsvLayout& layout) {
  CsvLexer lexer(open(), options, context);
  layout = read_layout(lexer, options, context);
  if (options.header == Header::yes || layout.names.size() != 1 || !lexer.skipped_empty_line()) return lexer;
  // Without a header, empty lines before the first value are rows if there is one column, which is known only now.
  return CsvLexer(open(), options, context);
}

}  // namespace scalar::inline v0::data
