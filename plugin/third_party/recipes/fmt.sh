licence_file=LICENSE.rst

build_library() { cmake_install -DFMT_TEST=OFF -DFMT_DOC=OFF -DFMT_OS=OFF; }
