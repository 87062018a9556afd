#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"

// The one place of the plugin that knows the operating system; os_posix.cc is its only
// implementation so far.
namespace netcheck::os {

std::optional<std::string> Environment(const std::string& name);
/// Separator of lists such as $KUBECONFIG: ':' or ';'.
char ListSeparator();
/// Home folder as kubectl finds it ($HOME; %USERPROFILE% on Windows); nullopt: none.
std::optional<std::string> HomeFolder();

/// The whole file, at most `limit` bytes; the error names the file and the reason.
protocol::Result<std::string> ReadFile(const std::string& path,
                                       std::size_t limit = std::size_t{16} << 20U);

/// Standard input up to its end, as ReadFile reads a file.
protocol::Result<std::string> ReadStandardInput(std::size_t limit = std::size_t{16} << 20U);

/// Makes the file, readable by its owner only, or replaces what one holds; nullopt: done. The error
/// names the file and the reason; part of the content may then be there.
std::optional<protocol::Error> WriteFile(const std::string& path, std::string_view content);

/// A PEM file with the certificates that the machine trusts, $SSL_CERT_FILE first; nullopt: none
/// found. A static binary has no path of its own built in.
std::optional<std::string> TrustedCertificatesFile();

/// "linux/amd64": GOOS/GOARCH, as kubectl puts it into its User-Agent.
std::string Platform();

bool IsTerminal(int file_descriptor);
/// Columns of the terminal on stdout; 80 when it isn't one.
int TerminalWidth();

struct ProcessResult {
  int exit_code = 0;  ///< 128 + signal when it was killed.
  std::string stdout_text;
};

/// Runs a program (found through PATH) with `environment` added to ours and stderr and, if
/// `interactive`, stdin passed through. Used for exec credential plugins. At most 1 MiB of output.
/// A program that runs when the first interrupt comes, or that outlives `timeout`, is killed: an
/// error. error_number is ENOENT where there is no such program.
protocol::Result<ProcessResult> Run(const std::vector<std::string>& argv,
                                    const std::map<std::string, std::string>& environment,
                                    bool interactive,
                                    std::chrono::seconds timeout);

/// From now on SIGINT, SIGTERM and SIGHUP (Ctrl-C, Ctrl-Break, close on Windows) only set what
/// Interrupted() tells; a second one of the same kind does nothing more. A SIGHUP that is ignored
/// already (nohup) stays so. SIGPIPE is ignored: a reader that closes our stdout, or a peer that
/// closes a TLS connection, must not end us before we have cleaned up.
void CatchInterrupts();
/// The number of the first signal that came, 0: none. Reading it is async-signal-safe.
int Interrupted();

/// Sleeps, or returns early when interrupted; at once when that was before.
void Sleep(std::chrono::milliseconds duration);

/// RFC 3339, UTC, whole seconds.
std::string Now();

}  // namespace netcheck::os
