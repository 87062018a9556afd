#include "protocol/stream.h"

#include <algorithm>

#include "protocol/json.h"

namespace netcheck::protocol {
namespace {

constexpr std::size_t kMaxForeignLines = 20;

/// `n` of a line; nullopt if it has none that a stream can reach.
std::optional<std::int64_t> LineNumber(const Json& json) {
  if (!json.is_object()) {
    return std::nullopt;
  }
  const auto number = json.find("n");
  if (number == json.end() || !number->is_number_unsigned() ||
      number->get<std::uint64_t>() >= kMaxStreamBytes) {
    return std::nullopt;
  }
  return number->get<std::int64_t>();
}

}  // namespace

std::string EncodeLine(std::int64_t number, const Fact& fact) {
  Json json = ToJson(fact);
  json["n"] = number;
  // Bytes of the network and of file names need not be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void StreamReader::AddLine(std::string_view line) {
  if (line.empty()) {
    return;
  }
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto number = LineNumber(json);
  if (!number) {
    AddForeign(line);
    return;
  }
  auto fact = FactFromJson(json);
  if (!fact) {
    AddForeign(line);
    return;
  }
  last_number_ = std::max(last_number_, *number);
  if (!*fact) {
    skipped_.insert(*number);
    return;
  }
  if (std::holds_alternative<End>(**fact)) {
    lines_before_end_ = *number;
  }
  facts_.emplace(*number, std::move(**fact));
}

void StreamReader::AddForeign(std::string_view line) {
  if (foreign_.size() < kMaxForeignLines &&
      std::find(foreign_.begin(), foreign_.end(), line) == foreign_.end()) {
    foreign_.emplace_back(line.substr(0, kMaxLineBytes));
  }
}

std::int64_t StreamReader::Missing() const {
  return last_number_ + 1 - static_cast<std::int64_t>(facts_.size() + skipped_.size());
}

bool StreamReader::Complete() const {
  return lines_before_end_ == last_number_ && Missing() == 0;
}

}  // namespace netcheck::protocol
