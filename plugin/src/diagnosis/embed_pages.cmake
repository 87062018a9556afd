# Writes a source file that defines Pages() of pages.h from the .md files of a folder. Configuring runs again
# when one of them changes, comes or goes.
function(netcheck_embed_pages folder output)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.md)
  list(SORT files)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(entries "")
  foreach(file IN LISTS files)
    get_filename_component(code ${file} NAME_WE)
    file(READ ${file} text)
    string(APPEND entries "      {\"${code}\", R\"page(${text})page\"},\n")
  endforeach()
  file(
    CONFIGURE
    OUTPUT ${output}
    CONTENT "#include \"diagnosis/pages.h\"

namespace netcheck::diagnosis {

const std::vector<Page>& Pages() {
  static const std::vector<Page> pages = {
${entries}  };
  return pages;
}

}  // namespace netcheck::diagnosis
"
    @ONLY)
endfunction()
