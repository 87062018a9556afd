#include <fmt/format.h>

#include "cli/commands.h"
#include "diagnosis/pages.h"
#include "gather/near_names.h"

namespace netcheck::cli {
namespace {

void WriteList(std::ostream& out) {
  std::size_t width = 0;
  for (const diagnosis::Page& page : diagnosis::Pages()) {
    width = std::max(width, page.code.size());
  }
  for (const diagnosis::Page& page : diagnosis::Pages()) {
    out << fmt::format("{:<{}}  {}\n", page.code, width, diagnosis::TitleOf(page));
  }
}

}  // namespace

int RunExplainCommand(const ExplainOptions& options, Console& console) {
  if (options.code.empty()) {
    WriteList(console.out);
    console.out << std::flush;
    return kExitHealthy;
  }
  const std::string code = diagnosis::CanonicalCode(options.code);
  if (const diagnosis::Page* page = diagnosis::FindPage(code)) {
    console.out << page->text << std::flush;
    return kExitHealthy;
  }
  std::vector<std::string> codes;
  for (const diagnosis::Page& page : diagnosis::Pages()) {
    codes.emplace_back(page.code);
  }
  const std::string near = gather::DidYouMean(gather::NearNames(code, std::move(codes)));
  return console.Fail(fmt::format("there is no cause \"{}\"{}",
                                  options.code,
                                  near.empty() ? "; `explain` alone lists all" : near));
}

}  // namespace netcheck::cli
