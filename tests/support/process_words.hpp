#pragma once
/// What the processes that tests start are told, `name=value` a word, and how they answer.
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>

namespace test {

/// The words of a command line.
class Words {
 public:
  Words() = default;
  Words(int count, char** words) {
    for (int i = 1; i < count; ++i) {
      const std::string word = words[i];
      const std::size_t equals = word.find('=');
      if (equals != std::string::npos) values_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  std::string text(const std::string& name, const std::string& otherwise = {}) const {
    const auto at = values_.find(name);
    return at == values_.end() ? otherwise : at->second;
  }
  int number(const std::string& name, int otherwise) const {
    return std::atoi(text(name, std::to_string(otherwise)).c_str());
  }
  bool has(const std::string& name) const { return values_.contains(name); }

 private:
  std::map<std::string, std::string> values_;
};

/// One line on the standard output, at once and whole.
inline void say(const std::string& line) {
  const std::string text = line + '\n';
  if (::write(1, text.data(), text.size()) < 0) std::_Exit(3);
}

}  // namespace test
