#pragma once

#include <string>
#include <vector>

#include "protocol/stream.h"
#include "protocol/version.h"

namespace netcheck::test {

/// The lines, newline included, of a small but complete stream.
inline std::vector<std::string> ProbeLines(const std::vector<protocol::Fact>& middle = {}) {
  protocol::Hello hello;
  hello.protocol_version = protocol::kProtocolVersion;
  hello.probe_version = protocol::kNetcheckVersion;
  hello.kernel_release = "6.1.0";
  std::vector<protocol::Fact> facts{hello};
  facts.insert(facts.end(), middle.begin(), middle.end());
  facts.emplace_back(protocol::Heartbeat{5, 10});
  protocol::End end;
  end.reason = "done";
  end.lines = static_cast<std::int64_t>(facts.size());
  facts.emplace_back(end);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    lines.push_back(protocol::EncodeLine(static_cast<std::int64_t>(i), facts[i]));
  }
  return lines;
}

inline std::string Join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line;
  }
  return text;
}

}  // namespace netcheck::test
