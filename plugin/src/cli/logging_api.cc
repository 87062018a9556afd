#include "cli/logging_api.h"

#include <fmt/format.h>

#include "protocol/json.h"

namespace netcheck::cli {
namespace {

using Clock = std::chrono::steady_clock;

const char* Method(kube::Verb verb) {
  switch (verb) {
    case kube::Verb::kGet:
      return "GET";
    case kube::Verb::kCreate:
      return "POST";
    case kube::Verb::kDelete:
      return "DELETE";
  }
  return "?";
}

template <typename T>
std::string Describe(const kube::Request& request,
                     const kube::ApiResult<T>& result,
                     Clock::time_point start) {
  std::string query;
  for (const auto& [name, value] : request.query) {
    query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, value);
  }
  return fmt::format(
      "{} {}{}: {} ({} ms)",
      Method(request.verb),
      request.path,
      query,
      result ? "ok" : result.error().message,
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count());
}

}  // namespace

kube::ApiResult<kube::Json> LoggingApi::Call(const kube::Request& request) {
  const auto start = Clock::now();
  auto result = api_.Call(request);
  log_(Describe(request, result, start));
  return result;
}

kube::ApiResult<void> LoggingApi::Stream(const kube::Request& request,
                                         const std::function<bool(std::string_view)>& on_data,
                                         std::chrono::milliseconds idle_limit) {
  const auto start = Clock::now();
  auto result = api_.Stream(request, on_data, idle_limit);
  log_(Describe(request, result, start));
  return result;
}

}  // namespace netcheck::cli
