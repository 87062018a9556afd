#include "engine/dial_error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "protocol/facts.h"

namespace netcheck::probe {
namespace {

struct ErrnoText {
  int number;
  std::string_view text;
};

// Those that sockets can give, and the files of programs.
constexpr std::array kErrnoTexts = {
    ErrnoText{EPERM, "operation not permitted"},
    ErrnoText{ENOENT, "no such file or directory"},
    ErrnoText{EINTR, "interrupted system call"},
    ErrnoText{EIO, "input/output error"},
    ErrnoText{E2BIG, "argument list too long"},
    ErrnoText{ENOEXEC, "exec format error"},
    ErrnoText{EBADF, "bad file descriptor"},
    ErrnoText{EAGAIN, "resource temporarily unavailable"},
    ErrnoText{ENOMEM, "cannot allocate memory"},
    ErrnoText{EACCES, "permission denied"},
    ErrnoText{EFAULT, "bad address"},
    ErrnoText{ENOTDIR, "not a directory"},
    ErrnoText{EISDIR, "is a directory"},
    ErrnoText{EINVAL, "invalid argument"},
    ErrnoText{ENFILE, "too many open files in system"},
    ErrnoText{EMFILE, "too many open files"},
    ErrnoText{ETXTBSY, "text file busy"},
    ErrnoText{EPIPE, "broken pipe"},
    ErrnoText{ENAMETOOLONG, "file name too long"},
    ErrnoText{ELOOP, "too many levels of symbolic links"},
    ErrnoText{ENOSYS, "function not implemented"},
    ErrnoText{EPROTO, "protocol error"},
    ErrnoText{EMSGSIZE, "message too long"},
    ErrnoText{ENOPROTOOPT, "protocol not available"},
    ErrnoText{EPROTONOSUPPORT, "protocol not supported"},
    ErrnoText{EOPNOTSUPP, "operation not supported"},
    ErrnoText{EAFNOSUPPORT, "address family not supported by protocol"},
    ErrnoText{EADDRINUSE, "address already in use"},
    ErrnoText{EADDRNOTAVAIL, "cannot assign requested address"},
    ErrnoText{ENETDOWN, "network is down"},
    ErrnoText{ENETUNREACH, "network is unreachable"},
    ErrnoText{ENETRESET, "network dropped connection on reset"},
    ErrnoText{ECONNABORTED, "software caused connection abort"},
    ErrnoText{ECONNRESET, "connection reset by peer"},
    ErrnoText{ENOBUFS, "no buffer space available"},
    ErrnoText{EISCONN, "transport endpoint is already connected"},
    ErrnoText{ENOTCONN, "transport endpoint is not connected"},
    ErrnoText{ETIMEDOUT, "connection timed out"},
    ErrnoText{ECONNREFUSED, "connection refused"},
    ErrnoText{EHOSTDOWN, "host is down"},
    ErrnoText{EHOSTUNREACH, "no route to host"},
    ErrnoText{EALREADY, "operation already in progress"},
    ErrnoText{EINPROGRESS, "operation now in progress"},
};

std::string DialPrefix(const Endpoint& target) {
  return "dial tcp " + FormatEndpoint(target) + ": ";
}

}  // namespace

std::string GoErrnoText(int error_number) {
  const auto* found = std::find_if(kErrnoTexts.begin(), kErrnoTexts.end(), [&](const auto& entry) {
    return entry.number == error_number;
  });
  return found == kErrnoTexts.end() ? "errno " + std::to_string(error_number)
                                    : std::string(found->text);
}

std::string DialErrorText(const Endpoint& target, int result) {
  if (result == protocol::kResultDeadline) {
    return DialPrefix(target) + "i/o timeout";
  }
  return result > 0 ? DialErrorText(target, "connect", result) : "";
}

std::string DialErrorText(const Endpoint& target, const char* call, int error_number) {
  return DialPrefix(target) + call + ": " + GoErrnoText(error_number);
}

}  // namespace netcheck::probe
