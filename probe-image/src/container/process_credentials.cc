#include "container/process_credentials.h"

#include <array>
#include <charconv>
#include <system_error>

#include "kernel/procfs_text.h"

namespace netcheck::probe {
namespace {

/// What follows "NAME:" and its tab; nullopt: there is no such line.
std::optional<std::string_view> Field(std::string_view status, std::string_view name) {
  for (std::string_view line : SplitLines(status)) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      line.remove_prefix(name.size() + 1);
      return line;
    }
  }
  return std::nullopt;
}

/// The numbers of a field, separated by white space; nullopt: something else is among them.
std::optional<std::vector<std::uint64_t>> Numbers(std::string_view field, int base) {
  std::vector<std::uint64_t> numbers;
  while (true) {
    const std::size_t start = field.find_first_not_of(" \t");
    if (start == std::string_view::npos) {
      return numbers;
    }
    field.remove_prefix(start);
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(field.data(), field.data() + field.size(), number, base);
    field.remove_prefix(static_cast<std::size_t>(end - field.data()));
    if (error != std::errc() || (!field.empty() && field[0] != ' ' && field[0] != '\t')) {
      return std::nullopt;
    }
    numbers.push_back(number);
  }
}

/// The number at `position` of a field.
std::optional<std::uint64_t> NumberAt(std::string_view status,
                                      std::string_view name,
                                      std::size_t position,
                                      int base) {
  const auto field = Field(status, name);
  const auto numbers = field ? Numbers(*field, base) : std::nullopt;
  return numbers && numbers->size() > position ? std::optional((*numbers)[position]) : std::nullopt;
}

}  // namespace

std::optional<ProcessCredentials> ParseCredentials(std::string_view status) {
  constexpr std::size_t kEffectiveId = 1;  // Real, effective, saved set, filesystem.
  constexpr int kHexadecimal = 16;
  ProcessCredentials credentials;
  const auto uid = NumberAt(status, "Uid", kEffectiveId, 10);
  const auto gid = NumberAt(status, "Gid", kEffectiveId, 10);
  const auto groups = Field(status, "Groups");
  const auto group_numbers = groups ? Numbers(*groups, 10) : std::nullopt;
  if (!uid || !gid || !group_numbers) {
    return std::nullopt;
  }
  credentials.uid = static_cast<std::uint32_t>(*uid);
  credentials.gid = static_cast<std::uint32_t>(*gid);
  for (const std::uint64_t group : *group_numbers) {
    credentials.groups.push_back(static_cast<std::uint32_t>(group));
  }
  const std::array sets{std::pair{"CapInh", &credentials.inheritable},
                        std::pair{"CapPrm", &credentials.permitted},
                        std::pair{"CapEff", &credentials.effective},
                        std::pair{"CapBnd", &credentials.bounding}};
  for (const auto& [name, set] : sets) {
    const auto bits = NumberAt(status, name, 0, kHexadecimal);
    if (!bits) {
      return std::nullopt;
    }
    *set = *bits;
  }
  credentials.ambient = NumberAt(status, "CapAmb", 0, kHexadecimal).value_or(0);
  credentials.no_new_privs = NumberAt(status, "NoNewPrivs", 0, 10).value_or(0) != 0;
  credentials.seccomp_mode = static_cast<int>(NumberAt(status, "Seccomp", 0, 10).value_or(0));
  return credentials;
}

}  // namespace netcheck::probe
