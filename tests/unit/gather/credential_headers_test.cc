#include "gather/credential_headers.h"

#include <doctest/doctest.h>

using netcheck::gather::IsCredential;

TEST_CASE("credential headers: by name") {
  for (const char* name : {"Authorization",
                           "authorization",
                           "Proxy-Authorization",
                           "Cookie",
                           "X-Vault-Token",
                           "X-Api-Key",
                           "apikey",
                           "X-Client-Secret",
                           "X-Auth-User"}) {
    CHECK_MESSAGE(IsCredential(name, "x"), name);
  }
}

TEST_CASE("credential headers: by value") {
  CHECK(IsCredential("X-Forwarded-Identity", "Bearer abc"));
  CHECK(IsCredential("X-Whatever", "basic dTpw"));
}

TEST_CASE("credential headers: ordinary ones pass") {
  for (const char* name : {"Host", "Accept", "X-Forwarded-Proto", "User-Agent", "X-Health-Check"}) {
    CHECK_FALSE_MESSAGE(IsCredential(name, "https"), name);
  }
}
