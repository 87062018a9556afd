// Requests that connect and are never answered: how far they came, by the pod's socket.
#include <doctest/doctest.h>

#include "diagnosis/finding.h"
#include "support/evidence_builder.h"
#include "support/mentions.h"

namespace netcheck::diagnosis {
namespace {

using protocol::CheckAttempt;
using protocol::Moment;
using test::EvidenceBuilder;
using test::Mentions;

using Names = std::vector<std::string>;

/// Connected, and no answer in 10 s. The pod's socket as it was then: accepted, the request read,
/// nothing written.
CheckAttempt Kept() {
  CheckAttempt attempt;
  attempt.connect_us = 150;
  attempt.total_us = 10'000'300;
  attempt.phase = protocol::CheckPhase::kHeaders;
  attempt.result = "failure";
  attempt.output =
      "Get \"http://10.244.0.5:8080/healthz\": context deadline exceeded (Client.Timeout exceeded "
      "while awaiting headers)";
  attempt.seen = test::kSeenAll;
  protocol::ServerSocket& socket = attempt.server_socket.emplace();
  socket.tcp_state = "ESTABLISHED";
  socket.accepted = true;
  socket.segment_size = 1448;
  socket.timestamps = true;
  socket.quiet_ms = 10'000;
  socket.probe_sent = 96;
  socket.bytes_received = 96;
  socket.bytes_acknowledged = 0;
  return attempt;
}

/// The same, with an answer that does not get through. The application has closed behind it.
CheckAttempt AnswerLost() {
  CheckAttempt attempt = Kept();
  attempt.server_socket->tcp_state = "FIN_WAIT1";
  attempt.server_socket->accepted = false;
  attempt.server_socket->unacknowledged = 8121;
  attempt.server_socket->retransmits = 5;
  return attempt;
}

/// As kubelet ends it.
CheckAttempt CutOff(CheckAttempt attempt) {
  attempt.total_us = 1'000'100;
  return attempt;
}

EvidenceBuilder With(const CheckAttempt& attempt) {
  EvidenceBuilder builder;
  builder.Check(attempt);
  return builder;
}

/// Its probe and its check have this limit, and netcheck waits so much longer.
void Limit(EvidenceBuilder& builder, int timeout_s, int patience_s) {
  builder.evidence().probes[0].timeout_s = timeout_s;
  builder.evidence().plan.checks[0].timeout_ms = timeout_s * 1000;
  builder.evidence().plan.checks[0].patience_ms = patience_s * 1000;
}

/// A CPU limit held this container up nearly all the time.
void Throttle(EvidenceBuilder& builder, const std::string& container) {
  builder.evidence().report.cpu_throttling = {
      {Moment::kBefore, container, 10, 5, 1000},
      {Moment::kAfter, container, 110, 100, 9'001'000},
  };
}

/// The only finding, which must have this code.
Finding Only(const EvidenceBuilder& builder, const std::string& code) {
  const Report report = Diagnose(builder.Build());
  CHECK(report.unexplained.empty());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].code == code);
  return report.findings[0];
}

/// Nothing is found, and the attempts stay undetermined at stage F.
void StaysUndetermined(const EvidenceBuilder& builder) {
  const Report report = Diagnose(builder.Build());
  CHECK(report.findings.empty());
  REQUIRE(report.unexplained.size() == 1);
  CHECK(report.unexplained[0].stage == Stage::kSlow);
}

}  // namespace

TEST_CASE("request unanswered: read, and no answer written") {
  EvidenceBuilder builder = With(CutOff(Kept()));
  builder.Check(Kept());
  const Finding finding = Only(builder, "NC-APP-003");
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(finding.title ==
        "The application did not answer a request of /healthz on port 8080 within 10.00 s");
  CHECK(Mentions(finding.evidence, "1 request connected and got no answer; netcheck waited 10.00"));
  CHECK(Mentions(finding.evidence, "of the 96 bytes that netcheck had sent"));
  CHECK(Mentions(finding.evidence, "the last of them 10.00 s before, 0 were unread (Recv-Q)"));
  CHECK(Mentions(finding.evidence, "the application had written nothing"));
  CHECK(Mentions(finding.fix, "speaks another protocol"));
  CHECK(finding.claims.size() == 2);
}

TEST_CASE("request unanswered: accepted and not read") {
  CheckAttempt attempt = Kept();
  attempt.server_socket->unread = 96;
  const Finding finding = Only(With(attempt), "NC-APP-003");
  CHECK(Mentions({finding.title}, "had read nothing from it after 10.00 s"));
  CHECK(Mentions(finding.evidence, "96 were unread (Recv-Q)"));
  // Of HTTP/2, what comes behind the request is not read while it is handled.
  attempt.server_socket->unread = 9;
  CHECK(Mentions({Only(With(attempt), "NC-APP-003").title}, "did not answer"));
}

TEST_CASE("request unanswered: an answer that stops in its middle") {
  CheckAttempt attempt = Kept();
  attempt.first_byte_us = 900;
  attempt.http_status = 200;
  attempt.server_socket->bytes_acknowledged = 120;
  attempt.server_socket->probe_received = 120;
  attempt.phase = protocol::CheckPhase::kBody;
  attempt.output.clear();
  attempt.error =
      "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
  const Finding finding = Only(With(attempt), "NC-APP-003");
  CHECK(Mentions({finding.title}, "did not finish its answer to a request of /healthz"));
  CHECK(Mentions(finding.evidence, "had written 120 bytes"));
  CHECK_FALSE(Mentions(finding.fix, "protocol"));
}

TEST_CASE("request unanswered: TLS, whose handshake ends before the patience does") {
  CheckAttempt attempt = Kept();
  attempt.phase = protocol::CheckPhase::kTls;
  attempt.output = "Get \"https://10.244.0.5:8080/healthz\": net/http: TLS handshake timeout";
  EvidenceBuilder builder = With(attempt);
  Limit(builder, 2, 20);
  const Finding silent = Only(builder, "NC-APP-003");
  CHECK(Mentions({silent.title}, "did not answer the TLS handshake on port 8080"));
  CHECK(Mentions(silent.fix, "does not speak TLS"));

  attempt.server_socket->bytes_acknowledged = 3000;
  attempt.server_socket->probe_received = 3000;
  EvidenceBuilder speaks = With(attempt);
  Limit(speaks, 2, 20);
  CHECK_FALSE(Mentions(Only(speaks, "NC-APP-003").fix, "does not speak TLS"));
}

TEST_CASE("request unanswered: gRPC, which gives a server 20 s for its first frame") {
  CheckAttempt attempt = Kept();
  attempt.phase = protocol::CheckPhase::kRequest;
  attempt.total_us = 20'000'300;
  attempt.output =
      "timeout: failed to connect service \"10.244.0.5:8080\" within 3s: context deadline exceeded";
  EvidenceBuilder builder = With(attempt);
  Limit(builder, 3, 30);
  builder.evidence().probes[0].kind = model::ProbeKind::kGrpc;
  CHECK(Mentions({Only(builder, "NC-APP-003").title}, "the beginning of HTTP/2 on port 8080"));
  attempt.total_us = 10'000'300;  // Something else ended it.
  EvidenceBuilder early = With(attempt);
  Limit(early, 3, 30);
  StaysUndetermined(early);
}

TEST_CASE("request unanswered: the answer was sent, and is lost") {
  EvidenceBuilder builder = With(AnswerLost());
  builder.Check(CutOff(AnswerLost()));
  Throttle(builder, "web");  // What the socket shows, no CPU limit does.
  const Finding finding = Only(builder, "NC-LOST-005");
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(Mentions({finding.title}, "The answer to a request of /healthz on port 8080 is lost"));
  CHECK(Mentions(finding.evidence, "8120 bytes that were not acknowledged"));
  CHECK(Mentions(finding.evidence, "was sent again, or tried to be, 5 times"));
  CHECK(Mentions(finding.fix, "ping -M do -s 1472"));

  CheckAttempt small = AnswerLost();
  small.server_socket->tcp_state = "ESTABLISHED";
  small.server_socket->accepted = true;
  small.server_socket->unacknowledged = 120;
  CHECK_FALSE(Mentions(Only(With(small), "NC-LOST-005").fix, "MTU"));
}

TEST_CASE("request unanswered: undetermined where it is not known how far it came") {
  CheckAttempt attempt = Kept();
  protocol::ServerSocket& socket = *attempt.server_socket;
  SUBCASE("no such socket: redirected, or an older probe") {
    attempt.server_socket.reset();
  }
  SUBCASE("an older kernel") {
    socket.bytes_received.reset();
  }
  SUBCASE("not accepted, and the listeners are unknown") {
    socket.accepted = false;
  }
  SUBCASE("the request may not have arrived") {
    socket.probe_unacknowledged = 96;
  }
  SUBCASE("the request arrived at the last moment") {
    socket.quiet_ms = 900;
  }
  SUBCASE("it is another connection of a proxy with the same addresses") {
    socket.bytes_received = 300;
  }
  SUBCASE("the answer came just then") {
    socket.bytes_acknowledged = 120;
  }
  SUBCASE("an answer is under way") {
    socket.unacknowledged = 120;
    socket.retransmits = 2;
  }
  SUBCASE("the application has closed, and nothing but that is not acknowledged") {
    attempt = AnswerLost();
    attempt.server_socket->unacknowledged = 1;
  }
  SUBCASE("it was not waited for longer than kubelet does") {
    attempt = CutOff(attempt);
  }
  StaysUndetermined(With(attempt));
}

TEST_CASE("request unanswered: not where netcheck waits hardly longer than kubelet") {
  EvidenceBuilder builder = With(Kept());
  Limit(builder, 6, 10);
  StaysUndetermined(builder);
}

TEST_CASE("request unanswered: not where attempts differ, or one was answered") {
  StaysUndetermined(With(Kept()).Check(AnswerLost()));
  StaysUndetermined(With(Kept()).HttpAnswer(200, 900));
  CheckAttempt nonsense = Kept();
  nonsense.total_us = 4'000'000;
  nonsense.output = "Get \"http://10.244.0.5:8080/healthz\": malformed HTTP response \"x\"";
  StaysUndetermined(With(Kept()).Check(nonsense));
  const Report late = Diagnose(With(Kept()).HttpAnswer(200, 5'000'000).Build());
  REQUIRE(late.findings.size() == 1);
  CHECK(late.findings[0].code == "NC-TIMEOUT-001");
}

TEST_CASE("request unanswered: a CPU limit explains it, whichever container it is of") {
  EvidenceBuilder own = With(Kept());
  Throttle(own, "web");
  Only(own, "NC-CPU-001");
  EvidenceBuilder sidecar = With(Kept());
  Throttle(sidecar, "proxy");
  StaysUndetermined(sidecar);
}

TEST_CASE("request unanswered: likely where the probe's credentials were not sent") {
  EvidenceBuilder builder = With(Kept());
  builder.evidence().probes[0].withheld_headers = {"Authorization"};
  const Finding finding = Only(builder, "NC-APP-003");
  CHECK(finding.certainty == Certainty::kLikely);
  CHECK(Mentions(finding.evidence, "Authorization"));
}

TEST_CASE("request unanswered: accepted, though kubelet's own probe waits behind it") {
  EvidenceBuilder builder = With(Kept());
  builder.Listeners({{"0.0.0.0", 8080, false, 0, 128}});
  builder.evidence().report.listeners[1].listeners[0].queue = 1;
  Only(builder, "NC-APP-003");
}

}  // namespace netcheck::diagnosis
