#pragma once
/// Streams of bytes for the readers of this room, decompressed if they are gzip.
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "scalar/core/runtime.hpp"
#include "scalar/data/uri.hpp"

namespace scalar::inline v0::data {

/// Fills a part of a buffer and returns its size; 0 at the end of the stream.
using ReadBytes = std::function<std::size_t(std::span<std::byte>)>;

/// The decompressed bytes of one or more gzip members (RFC 1952). Errors: `Errc::corrupt` with `context` for bytes that
/// are not gzip, a wrong checksum, or an end within a member.
ReadBytes gunzip(ReadBytes source, std::string context);

/// `source`, decompressed when it begins with the two bytes of gzip. Errors: as `gunzip`; also if `must` and it is not
/// gzip.
ReadBytes decompressed(ReadBytes source, bool must, std::string context);

/// The bytes of an object, decompressed when it is gzip by its first bytes. Errors: `Errc::corrupt` for an object named
/// ".gz" that is not gzip.
ReadBytes open_stream(const Uri& uri, const Runtime& runtime);

/// The bytes of `text`, which must outlive it; decompressed when it is gzip.
ReadBytes memory_stream(std::string_view text, std::string context);

}  // namespace scalar::inline v0::data
