#pragma once
/// Records and fields of a CSV in a rolling buffer.
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/fail.hpp"
#include "data/number.hpp"
#include "data/stream.hpp"
#include "scalar/data/csv.hpp"

namespace scalar::inline v0::data {

/// What follows a field.
enum class Next {
  separator,
  line,   ///< the record is complete
  more,   ///< the buffer ends here but the input does not: call `retry_record` and read the record again
  other,  ///< `number` and `integer` only: read it with `field`
};

/// Cuts a stream into records and fields. If the buffer ends within a record, the record is read again from its start;
/// so fields are views of the buffer, and only fields with doubled quotes are copied.
class CsvLexer {
 public:
  CsvLexer(ReadBytes source, const ReadCsvOptions& options, std::string context);

  /// Goes to the next record, skipping comments and, unless `columns` is 1, empty lines; false at the end. `columns` is
  /// the number of columns, 0 while it is not known.
  bool begin_record(std::size_t columns);
  /// Whether `begin_record` skipped an empty line.
  bool skipped_empty_line() const noexcept { return skipped_empty_line_; }
  /// Goes back to the start of the record, with more of the input in the buffer.
  void retry_record();
  /// Goes back to the start of the record.
  void rewind_record() noexcept;

  /// Reads a field that is a plain decimal; for any other field, reads nothing and returns `other`.
  Next number(double& value) {
    return plain([&](const char* at) { return fast_double(at, value); });
  }
  Next integer(std::int64_t& value) {
    return plain([&](const char* at) { return fast_int(at, value); });
  }
  /// Reads any field, without its quotes; the view is valid until the next call.
  Next field(std::string_view& text);
  /// Whether the last `field` was quoted.
  bool was_quoted() const noexcept { return quoted_; }
  bool is_missing(std::string_view text) const noexcept;

  /// `file:line:column` of the last field.
  std::string place() const;
  /// Throws at the place of the last field.
  template <class... Arguments>
  [[noreturn]] void fail(Errc code, fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    scalar::fail(code, place(), format, std::forward<Arguments>(arguments)...);
  }
  /// Throws because the record has `seen` fields (with `or_more`, at least as many).
  [[noreturn]] void fail_ragged(std::size_t seen, bool or_more, std::size_t expected) const;

 private:
  bool refill(const char* keep);
  bool skip_line();
  const char* skip_blanks(const char* at) const noexcept {
    if (trim_)
      while (blank_[static_cast<unsigned char>(*at)]) ++at;
    return at;
  }
  template <class Parse>
  Next plain(Parse parse) {
    if (numeric_missing_) return Next::other;
    const char* const begin = skip_blanks(at_);
    const char* const end = parse(begin);
    if (end == nullptr) return Next::other;
    mark(begin);
    return finish(skip_blanks(end));
  }
  Next finish(const char* at) {
    if (at == end_) {
      if (!ended_) return Next::more;
      at_ = at;
      return Next::line;
    }
    if (*at == separator_) {
      at_ = at + 1;
      return Next::separator;
    }
    if (*at == '\n') return new_line(at + 1);
    return *at == '\r' ? finish_return(at) : Next::other;
  }
  Next new_line(const char* at) {
    at_ = line_begin_ = at;
    ++line_;
    return Next::line;
  }
  Next finish_return(const char* at);
  Next quoted_field(const char* at, std::string_view& text);
  void mark(const char* at) noexcept {
    field_line_ = line_;
    field_column_ = at - line_begin_ + 1;
  }
  void check_size(std::size_t bytes) const;

  ReadBytes source_;
  std::string context_;
  char separator_, quote_, comment_;
  bool trim_, quoted_missing_, numeric_missing_ = false, quoted_ = false;
  std::size_t max_field_bytes_;
  std::vector<std::string> missing_;
  std::array<bool, 256> special_{}, blank_{}, missing_first_{};  // bytes that end a plain field, ...

  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;  // `capacity_` and one more byte: `*end_` is NUL
  const char* at_ = nullptr;        // the next byte
  const char* end_ = nullptr;       // the end of the bytes that were read
  bool ended_ = false;              // the source has nothing more
  bool skipped_empty_line_ = false;
  std::string scratch_;

  const char* record_ = nullptr;
  const char* line_begin_ = nullptr;
  std::int64_t line_ = 1, record_line_ = 1, field_line_ = 1, field_column_ = 1;
};

/// The columns of a CSV and which of them to read.
struct CsvLayout {
  std::vector<std::string> names{};         ///< all, in file order
  std::vector<std::size_t> wanted{};        ///< positions, in the order of the table
  std::vector<std::uint8_t> is_wanted{};    ///< `[names]`
  std::vector<ColumnSchema> schema{};       ///< `[names]`, which types to read them as
  std::string label{}, weight{}, offset{};  ///< names; empty: none
};

/// Opens the same bytes again at each call.
using OpenBytes = std::function<ReadBytes()>;

/// Opens a CSV, reads its header or the width of its first record, and applies the options. The next record is the
/// first of the data.
CsvLexer open_csv(const OpenBytes& open, const ReadCsvOptions& options, const std::string& context, CsvLayout& layout);

/// Calls `read(column)` for each field of each record; `back()` after a record that must be read again, `done()` after
/// a complete one.
template <class Read, class Back, class Done>
void for_each_field(CsvLexer& lexer, std::size_t columns, Read read, Back back, Done done) {
  while (lexer.begin_record(columns)) {
    for (bool whole = false; !whole;) {
      for (std::size_t column = 0;; ++column) {
        const Next next = read(column);
        if (next == Next::more) break;
        if (next == Next::line && column + 1 != columns) lexer.fail_ragged(column + 1, false, columns);
        if (next == Next::separator && column + 1 == columns) lexer.fail_ragged(columns + 1, true, columns);
        if ((whole = next == Next::line)) break;
      }
      if (whole) break;
      back();
      lexer.retry_record();
    }
    done();
  }
}

}  // namespace scalar::inline v0::data
