# libnghttp2 alone: HTTP/2 frames, streams and header compression, without I/O.
licence_file=COPYING

build_library() {
  # Nothing is thrown through it, and a probe makes few connections: small counts more than fast.
  cmake_install -DENABLE_LIB_ONLY=ON -DBUILD_STATIC_LIBS=ON -DENABLE_DOC=OFF \
    "-DCMAKE_C_FLAGS_RELEASE=-Os -DNDEBUG -fno-unwind-tables -fno-asynchronous-unwind-tables"
}
