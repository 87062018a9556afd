#pragma once

#include <string>
#include <vector>

namespace netcheck::gather {

/// The command with "***" for what seems to be a credential in it: the value of a variable, option
/// or header whose name says so ("PGPASSWORD=...", "--token ...", "Authorization: ..."), also in a
/// shell's script, and the password in a URL. A reference ("$PASSWORD") says nothing and stays.
std::vector<std::string> MaskedCommand(std::vector<std::string> command);

}  // namespace netcheck::gather
