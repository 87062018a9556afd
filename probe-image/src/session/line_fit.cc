#include "session/line_fit.h"

#include <string>

#include "kernel/split_fact.h"
#include "protocol/json.h"
#include "protocol/stream.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;
using protocol::Json;

/// No stream has a line with a higher number.
constexpr std::int64_t kHighestNumber = protocol::kMaxStreamBytes;
/// A text that is this short says who or where: rather than it, list elements are dropped.
constexpr std::size_t kShortText = 128;

/// The longest text and the longest list anywhere in a fact.
struct Longest {
  Json* text = nullptr;
  std::size_t text_size = 0;
  Json* list = nullptr;
  std::size_t list_size = 0;

  void Visit(Json& json) {
    if (json.is_string() && json.get_ref<const std::string&>().size() > text_size) {
      text = &json;
      text_size = json.get_ref<const std::string&>().size();
    }
    if (json.is_array() && json.size() > list_size) {
      list = &json;
      list_size = json.size();
    }
    if (json.is_structured()) {
      for (Json& element : json) {
        Visit(element);
      }
    }
  }
};

/// Halves the longest text, or takes the last element off the longest list; false when neither is
/// there.
bool Shorten(Json& json) {
  Longest longest;
  longest.Visit(json);
  if (longest.list != nullptr && longest.text_size <= kShortText) {
    longest.list->erase(longest.list_size - 1);
    return true;
  }
  if (longest.text == nullptr || longest.text == &json["kind"]) {
    return false;
  }
  auto& text = longest.text->get_ref<std::string&>();
  text.resize(text.size() / 2);
  return true;
}

/// `fact`, which can't be split, made short enough.
Fact Shortened(const Fact& fact) {
  Json json = protocol::ToJson(fact);
  Fact shorter = fact;
  while (LineBytes(shorter) > protocol::kMaxLineBytes && Shorten(json)) {
    const auto decoded = protocol::FactFromJson(json);
    if (!decoded || !*decoded) {
      break;
    }
    shorter = **decoded;
  }
  return shorter;
}

}  // namespace

std::size_t LineBytes(const Fact& fact) {
  return protocol::EncodeLine(kHighestNumber, fact).size();
}

std::vector<Fact> FitIntoLines(const Fact& fact) {
  std::vector<Fact> parts = SplitFact(fact);
  for (Fact& part : parts) {
    if (LineBytes(part) > protocol::kMaxLineBytes) {
      part = Shortened(part);
    }
  }
  return parts;
}

}  // namespace netcheck::probe
