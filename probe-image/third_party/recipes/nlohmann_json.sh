# Headers only.
licence_file=LICENSE.MIT

build_library() { cmake_install -DJSON_BuildTests=OFF; }
