#pragma once
/// Partitioner: sorts the rows of nodes into those that go left and those that go right.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/native/rows.hpp"

namespace scalar::inline v0::backend::trees {

/// The positions `[begin, begin + count)` in the index of rows.
struct Stretch {
  std::int64_t begin = 0;
  std::int64_t count = 0;
};

inline constexpr std::uint32_t no_code = 0xffffffffu;

/// A split in terms of bins: a row goes left if `code <= bin` or `code == left_code`.
template <class Code>
struct Side {
  Stretch rows;
  const Code* codes;  ///< the codes of the feature, `step` apart
  std::size_t step;
  std::uint32_t bin;
  std::uint32_t left_code;
};

/// Stable, with the same result for any number of threads. Keeps its memory between calls.
class Partitioner {
 public:
  /// Reorders `index` within the stretch of each side, left rows first; returns how many went left per side.
  template <class Code>
  std::vector<std::int64_t> operator()(const std::vector<Side<Code>>& sides, std::vector<std::uint32_t>& index,
                                       const native::ThreadTeam& team) {
    other_.resize(index.size());
    pieces_.clear();
    for (std::size_t side = 0; side < sides.size(); ++side)
      for (std::int64_t done = 0; done < sides[side].rows.count; done += piece_rows)
        pieces_.push_back(
            {side, {sides[side].rows.begin + done, (std::min)(piece_rows, sides[side].rows.count - done)}, 0, 0, 0});
    for_pieces(team, [&](Piece& piece) { piece.left_count = divide(sides[piece.side], piece.rows, index); });
    std::vector<std::int64_t> left(sides.size());
    for (const Piece& piece : pieces_) left[piece.side] += piece.left_count;
    std::size_t side = sides.size();
    std::int64_t left_to = 0, right_to = 0;
    for (Piece& piece : pieces_) {
      if (piece.side != side) {
        side = piece.side;
        left_to = sides[side].rows.begin;
        right_to = left_to + left[side];
      }
      piece.left_to = left_to, piece.right_to = right_to;
      left_to += piece.left_count, right_to += piece.rows.count - piece.left_count;
    }
    for_pieces(team, [&](const Piece& piece) {
      const auto from = other_.begin() + piece.rows.begin;
      std::copy(from, from + piece.left_count, index.begin() + piece.left_to);
      std::reverse_copy(from + piece.left_count, from + piece.rows.count, index.begin() + piece.right_to);
    });
    return left;
  }

 private:
  static constexpr std::int64_t piece_rows = 16384;
  struct Piece {
    std::size_t side;
    Stretch rows;
    std::int64_t left_count, left_to, right_to;
  };

  template <class Body>
  void for_pieces(const native::ThreadTeam& team, const Body& body) {
    team.for_pieces(static_cast<std::int64_t>(pieces_.size()), 1,
                    [&](std::int64_t piece, std::int64_t) { body(pieces_[static_cast<std::size_t>(piece)]); });
  }

  /// Writes left rows from the front and right rows from the back. Every row is written to both ends, so there is no
  /// branch to mispredict.
  template <class Code>
  std::int64_t divide(const Side<Code>& side, const Stretch& rows, const std::vector<std::uint32_t>& index) {
    constexpr std::int64_t ahead = 32;
    std::uint32_t* left = other_.data() + rows.begin;
    std::uint32_t* right = left + rows.count;
    const std::uint32_t* from = index.data() + rows.begin;
    for (std::int64_t k = 0; k < rows.count; ++k) {
      const std::uint32_t row = from[k];
      __builtin_prefetch(side.codes + from[(std::min)(k + ahead, rows.count - 1)] * side.step);
      const std::uint32_t code = side.codes[row * side.step];
      const bool goes_left = (code <= side.bin) | (code == side.left_code);
      *left = row;
      right[-1] = row;
      left += goes_left;
      right -= !goes_left;
    }
    return left - (other_.data() + rows.begin);
  }

  std::vector<std::uint32_t> other_;
  std::vector<Piece> pieces_;
};

}  // namespace scalar::inline v0::backend::trees
