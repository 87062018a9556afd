#pragma once

#include <string>
#include <string_view>
#include <vector>

// What is to be known about each cause: the files of pages/, embedded at build time
// (embed_pages.cmake).
namespace netcheck::diagnosis {

struct Page {
  std::string_view code;  ///< "NC-LISTEN-001"
  std::string_view text;  ///< The whole file.
};

/// All of them, by code.
const std::vector<Page>& Pages();

/// What the page's first line says behind the code.
std::string_view TitleOf(const Page& page);

/// "NC-LISTEN-001" for what a user may write instead: "nc-listen-001", "LISTEN-1", "listen001";
/// "NC-LISTEN" where there is no number.
std::string CanonicalCode(std::string_view text);

/// nullptr: there is no page of exactly this code.
const Page* FindPage(std::string_view code);

}  // namespace netcheck::diagnosis
