#include "checks/mime_header.h"

#include <algorithm>
#include <array>
#include <utility>

#include "checks/go_quote.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kQuotedInitialLine = 80;

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

bool IsValueByte(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
}

bool IsKept(const std::string& name) {
  constexpr std::array<std::string_view, 7> kKept = {"Connection",
                                                     "Content-Length",
                                                     "Location",
                                                     "Server",
                                                     "Trailer",
                                                     "Transfer-Encoding",
                                                     "Upgrade"};
  return std::find(kKept.begin(), kKept.end(), name) != kKept.end();
}

/// Reader.skipSpace: how many blanks were skipped.
std::size_t SkipBlanks(BufferedReader& reader) {
  std::size_t skipped = 0;
  for (auto next = reader.Peek(1); !next.error && IsBlank(next.bytes[0]); next = reader.Peek(1)) {
    reader.Discard(1);
    ++skipped;
  }
  return skipped;
}

/// Reader.readContinuedLineSlice with mustHaveFieldNameColon.
TextLine ReadFoldedLine(BufferedReader& reader) {
  TextLine line = ReadTextLine(reader);
  if (line.error || line.text.empty()) {
    return line;
  }
  if (line.text.find(':') == std::string::npos) {
    return {"", Failure("malformed MIME header: missing colon: " + GoQuote(line.text))};
  }
  line.text = TrimBlanks(line.text);
  while (SkipBlanks(reader) > 0) {
    line.text += ' ';
    const TextLine next = ReadTextLine(reader);
    if (next.error) {
      break;
    }
    line.text += TrimBlanks(next.text);
  }
  return line;
}

/// Takes a field into `headers`. A name with a space is let through: it just means nothing.
ReadError TakeField(std::string line, HttpHeaders& headers) {
  const std::size_t colon = line.find(':');
  const std::string name = line.substr(0, colon);
  const bool valid_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == ' ' || IsTokenByte(c);
  });
  const std::string canonical = valid_name ? CanonicalHeaderName(name) : name;
  line.replace(0, colon, canonical);  // Go's error names what it has made of the name.
  const std::string_view value = std::string_view(line).substr(colon + 1);
  if (!valid_name || !std::all_of(value.begin(), value.end(), IsValueByte)) {
    return Failure("malformed MIME header line: " + line);
  }
  if (IsKept(canonical)) {
    headers[canonical].emplace_back(
        value.substr(std::min(value.find_first_not_of(" \t"), value.size())));
  }
  return {};
}

}  // namespace

TextLine ReadTextLine(BufferedReader& reader, std::size_t limit) {
  TextLine line;
  while (true) {
    auto part = reader.ReadLine();
    if (part.error) {
      return {"", std::move(part.error)};
    }
    if (part.text.size() > limit - line.text.size()) {
      return {"", Failure("message too large")};
    }
    line.text += part.text;
    if (!part.more) {
      return line;
    }
  }
}

MimeHeader ReadMimeHeader(BufferedReader& reader) {
  MimeHeader header;
  // Reader.upcomingHeaderKeys looks ahead, too, and an error that it meets is forgotten.
  reader.Peek(1);
  const auto first = reader.Peek(1);
  if (!first.error && IsBlank(first.bytes[0])) {
    TextLine line = ReadTextLine(reader, kQuotedInitialLine);
    header.error = line.error ? std::move(line.error)
                              : Failure("malformed MIME header initial line: " + line.text);
    return header;
  }
  while (!header.error) {
    TextLine line = ReadFoldedLine(reader);
    if (line.text.empty()) {
      header.error = std::move(line.error);
      return header;
    }
    header.error = TakeField(std::move(line.text), header.headers);
  }
  return header;
}

}  // namespace netcheck::probe
