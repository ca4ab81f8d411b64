#pragma once
#include <scalar/data/csv.hpp>

#include <string>

/// 200 rows: above the diagonal or below.
inline scalar::Table table() {
  std::string text = "x,y,above\n";
  for (int i = 0; i < 200; ++i) {
    const int x = i * 37 % 101, y = i * 53 % 103;
    text += std::to_string(x) + "," + std::to_string(y) + "," + (y > x ? "yes" : "no") + "\n";
  }
  return scalar::data::parse_csv(text, {.label = "above"});
}
