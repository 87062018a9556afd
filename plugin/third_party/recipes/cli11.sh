# Headers only.
licence_file=LICENSE

build_library() {
  cmake_install -DCLI11_BUILD_TESTS=OFF -DCLI11_BUILD_EXAMPLES=OFF -DCLI11_BUILD_DOCS=OFF
}
