# libnghttp2 alone: HTTP/2 frames, streams and header compression, without I/O.
licence_file=COPYING

build_library() {
  cmake_install -DENABLE_LIB_ONLY=ON -DBUILD_STATIC_LIBS=ON -DENABLE_DOC=OFF
}
