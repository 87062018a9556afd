#include "gather/credential_headers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace netcheck::gather {
namespace {

constexpr std::array<std::string_view, 12> kNameParts = {"authorization",
                                                         "authentication",
                                                         "cookie",
                                                         "token",
                                                         "secret",
                                                         "password",
                                                         "passwd",
                                                         "credential",
                                                         "api-key",
                                                         "apikey",
                                                         "access-key",
                                                         "x-auth"};
constexpr std::array<std::string_view, 4> kValuePrefixes = {
    "bearer ", "basic ", "digest ", "aws4-"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return lower;
}

}  // namespace

bool IsCredential(std::string_view name, std::string_view value) {
  const std::string lower_name = Lower(name);
  const std::string lower_value = Lower(value);
  return std::any_of(
             kNameParts.begin(),
             kNameParts.end(),
             [&](std::string_view part) { return lower_name.find(part) != std::string::npos; }) ||
         std::any_of(kValuePrefixes.begin(), kValuePrefixes.end(), [&](std::string_view prefix) {
           return lower_value.starts_with(prefix);
         });
}

}  // namespace netcheck::gather
