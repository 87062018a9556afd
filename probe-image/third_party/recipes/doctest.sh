# Headers only; for the tests, in no program that ships, so without a licence to go with it.

build_library() { cmake_install -DDOCTEST_WITH_TESTS=OFF -DDOCTEST_WITH_MAIN_IN_STATIC_LIB=OFF; }
