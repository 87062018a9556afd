// The port speaks another protocol than the probe. What Go's HTTP client makes of the first bytes
// is in kubelet's words: "server gave HTTP response to HTTPS client" where a TLS record was due and
// HTTP came (net/http/transport.go, tlsRecordHeaderLooksLikeHTTP of crypto/tls), and "malformed
// HTTP response" with the first line as it came (net/http/response.go): a TLS alert begins with 15
// 03 (RFC 8446, 5.1), HTTP/2 with a SETTINGS frame on stream 0 (RFC 9113, 3.4).
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

enum class Spoken { kUnknown, kHttp, kTls, kHttp2 };

Spoken InWords(std::string_view output) {
  if (output.find("server gave HTTP response to HTTPS client") != std::string_view::npos) {
    return Spoken::kHttp;
  }
  constexpr std::string_view kMalformed = "malformed HTTP response \"";
  const auto at = output.find(kMalformed);
  if (at == std::string_view::npos) {
    return Spoken::kUnknown;
  }
  // As Go's %q writes bytes. A frame: length in 3 bytes, type 4, flags 0, stream 0.
  const std::string_view line = output.substr(at + kMalformed.size());
  if (line.starts_with(R"(\x15\x03)")) {
    return Spoken::kTls;
  }
  return line.starts_with(R"(\x00\x00)") &&
                 line.find(R"(\x04\x00\x00\x00\x00\x00)") != std::string_view::npos
             ? Spoken::kHttp2
             : Spoken::kUnknown;
}

/// Of the answer to the probe's own request, not to one that it was redirected to.
Spoken SpokenIn(const JudgedAttempt& judged, const model::Probe& probe) {
  if (!judged.failed || judged.attempt->http_status != 0) {
    return Spoken::kUnknown;
  }
  const Spoken spoken = InWords(judged.attempt->output);
  const bool https = probe.scheme == "HTTPS";
  return (spoken == Spoken::kHttp) == https ? spoken : Spoken::kUnknown;
}

const char* NameOf(Spoken spoken) {
  return spoken == Spoken::kHttp  ? "plain HTTP"
         : spoken == Spoken::kTls ? "TLS"
                                  : "HTTP/2 without TLS, as gRPC servers do";
}

const char* FixFor(Spoken spoken) {
  return spoken == Spoken::kHttp  ? "Set httpGet.scheme of the probe to HTTP."
         : spoken == Spoken::kTls ? "Set httpGet.scheme of the probe to HTTPS."
                                  : "If it is a gRPC server with the health service: a grpc probe. "
                                    "Otherwise a port that serves HTTP/1.1, or a tcpSocket probe.";
}

/// What the answers of a probe's failed attempts have in common.
Spoken SpokenBy(const ProbeCase& probe) {
  Spoken spoken = Spoken::kUnknown;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& attempt : check->attempts) {
      const Spoken now = SpokenIn(attempt, *probe.probe);
      if (now != Spoken::kUnknown && spoken == Spoken::kUnknown) {
        spoken = now;
      } else if (!attempt.failed || (now != Spoken::kUnknown && now != spoken)) {
        return Spoken::kUnknown;  // It answers the probe as well: somebody else stands between.
      }
    }
  }
  return spoken;
}

}  // namespace

std::vector<Finding> WrongProtocol(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    const Spoken spoken = SpokenBy(probe);
    if (!probe.unusable.empty() || probe.probe->kind != model::ProbeKind::kHttp ||
        spoken == Spoken::kUnknown) {
      continue;
    }
    Finding finding;
    finding.code = "NC-HTTP-002";
    finding.certainty = Certainty::kProven;
    finding.subject = probe.subject;
    finding.claims = ClaimChecks(probe, [&](const JudgedAttempt& attempt) {
      return SpokenIn(attempt, *probe.probe) == spoken;
    });
    finding.title =
        fmt::format("The probe speaks {}, the port speaks {}", probe.probe->scheme, NameOf(spoken));
    finding.evidence.push_back(fmt::format("{} to {} were answered, in {}.",
                                           Count(std::ssize(finding.claims), "request"),
                                           HostPort(probe.probe->address, probe.probe->port),
                                           NameOf(spoken)));
    finding.fix.emplace_back(FixFor(spoken));
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
