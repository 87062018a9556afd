#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace netcheck::probe {

struct Http2Field {
  std::string name;
  std::string value;

  friend bool operator==(const Http2Field&, const Http2Field&) = default;
};

/// In the order of the wire, pseudo headers first.
using Http2Fields = std::vector<Http2Field>;

/// What a field counts in the size of a header list (RFC 9113 §6.5.2), in bytes.
std::size_t FieldSize(std::string_view name, std::string_view value);
/// First value of a field, nullptr if there is none.
const std::string* FindField(const Http2Fields& fields, std::string_view name);

/// The header fields of one HEADERS frame and its CONTINUATIONs, checked as Go checks them
/// (golang.org/x/net/http2/frame.go, readMetaFrame and checkPseudos). Of the fields that no check
/// asks for, none is kept.
class Http2FieldList {
 public:
  /// `limit`: of the sizes of all fields, each counted as RFC 9113 §6.5.2 has it, in bytes.
  explicit Http2FieldList(std::size_t limit) : limit_(limit) {}

  void Add(std::string_view name, std::string_view value);
  /// To be called once, when the list is complete.
  void Finish();

  [[nodiscard]] const Http2Fields& fields() const { return fields_; }
  /// Of all fields up to the limit, as they count for it.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// There are fields whose names begin with ":".
  [[nodiscard]] bool has_pseudo() const { return !pseudo_.empty(); }
  /// The list is longer than the limit; what came later was dropped.
  [[nodiscard]] bool truncated() const { return truncated_; }
  /// Go's words for a field that no header may have, as `invalid header field name "A"`; "" if all
  /// are well formed.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  std::size_t limit_;
  std::size_t bytes_ = 0;
  Http2Fields fields_;
  std::vector<std::string> pseudo_;
  bool saw_regular_ = false;
  bool truncated_ = false;
  std::string fault_;
};

}  // namespace netcheck::probe
