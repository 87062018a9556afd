#include "diagnosis/pages.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace netcheck::diagnosis {
namespace {

/// Every code that a file of rules/ has as a string.
std::set<std::string> CodesOfRules() {
  const std::regex code("\"(NC-[A-Z]+-[0-9]{3})\"");
  std::set<std::string> codes;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(NETCHECK_DIAGNOSIS) + "/rules")) {
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator it(source.begin(), source.end(), code), end; it != end; ++it) {
      codes.insert((*it)[1]);
    }
  }
  return codes;
}

}  // namespace

TEST_CASE("pages: every code of the rules has one, and every page a code") {
  std::set<std::string> pages;
  for (const Page& page : Pages()) {
    pages.insert(std::string(page.code));
  }
  CHECK(pages.size() == Pages().size());
  CHECK(pages == CodesOfRules());
}

TEST_CASE("pages: each has its title and all sections, in this order") {
  for (const Page& page : Pages()) {
    CAPTURE(page.code);
    CHECK(page.text.starts_with("# " + std::string(page.code) + ": "));
    CHECK_FALSE(TitleOf(page).empty());
    CHECK(page.text.ends_with("\n"));
    std::size_t at = 0;
    for (const char* section : {"\n## Cause\n\n",
                                "\n## How netcheck proves it\n\n",
                                "\n## What it looks like from outside\n\n",
                                "\n## Fix\n\n",
                                "\n## References\n\n"}) {
      const std::size_t found = page.text.find(section, at);
      REQUIRE_MESSAGE(found != std::string_view::npos, section);
      at = found + 1;
    }
  }
}

TEST_CASE("pages: a code as a user may write it") {
  for (const char* text : {"NC-LISTEN-001",
                           "nc-listen-001",
                           "Listen-001",
                           "LISTEN-1",
                           "nc_listen_001",
                           "listen001",
                           " NC LISTEN 1"}) {
    CHECK_MESSAGE(CanonicalCode(text) == "NC-LISTEN-001", text);
  }
  CHECK(CanonicalCode("listen") == "NC-LISTEN");
  CHECK(CanonicalCode("") == "NC-");
  CHECK(FindPage("NC-LISTEN-001") != nullptr);
  CHECK(FindPage("NC-LISTEN-999") == nullptr);
}

}  // namespace netcheck::diagnosis
