#pragma once

#include <map>
#include <string>
#include <string_view>

namespace netcheck::protocol {

/// Kubernetes' expansion of commands (third_party/forked/golang/expansion): "$(NAME)" becomes the
/// variable's value and stays as it is when there is no such variable; "$$" becomes "$"; any other
/// "$" stays.
std::string ExpandVariables(std::string_view text,
                            const std::map<std::string, std::string>& variables);

}  // namespace netcheck::protocol
