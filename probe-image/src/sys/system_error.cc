#include "sys/system_error.h"

#include <system_error>

namespace netcheck::probe {

protocol::Error SystemError(std::string_view what, int error_number) {
  // strerror() by its thread-safe name: the GNU and POSIX forms of strerror_r() differ.
  return {std::string(what) + ": " + std::generic_category().message(error_number), error_number};
}

}  // namespace netcheck::probe
