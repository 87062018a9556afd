#include "protocol/expand_variables.h"

namespace netcheck::protocol {

std::string ExpandVariables(std::string_view text,
                            const std::map<std::string, std::string>& variables) {
  std::string expanded;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    expanded += text.substr(0, dollar);
    if (dollar == std::string_view::npos) {
      break;
    }
    text.remove_prefix(dollar);
    std::size_t used = 1;
    const std::size_t close = text.starts_with("$(") ? text.find(')') : std::string_view::npos;
    if (text.starts_with("$$")) {
      expanded += '$';
      used = 2;
    } else if (close == std::string_view::npos) {
      expanded += '$';
    } else {
      const auto variable = variables.find(std::string(text.substr(2, close - 2)));
      expanded += variable == variables.end() ? text.substr(0, close + 1) : variable->second;
      used = close + 1;
    }
    text.remove_prefix(used);
  }
  return expanded;
}

}  // namespace netcheck::protocol
