#include "gather/masked_command.h"

#include <doctest/doctest.h>

using netcheck::gather::MaskedCommand;
using Words = std::vector<std::string>;

TEST_CASE("masked command: ordinary words stay") {
  for (const Words& words : {Words{"cat", "/tmp/ready"},
                             Words{"sh", "-c", "pg_isready -U app -h 127.0.0.1 -p 5432"},
                             Words{"curl", "-fsS", "http://localhost:8080/healthz?full=1"},
                             Words{"redis-cli", "-a", "$(REDIS_PASSWORD)", "ping"},
                             Words{"app", "--password", "$(PASSWORD)"},
                             Words{"sh", "-c", "PGPASSWORD=$POSTGRES_PASSWORD psql -c 'select 1'"},
                             Words{}}) {
    CHECK(MaskedCommand(words) == words);
  }
}

TEST_CASE("masked command: values whose name says what they are") {
  CHECK(MaskedCommand({"app", "--token", "s3cret", "ping"}) ==
        Words{"app", "--token", "***", "ping"});
  CHECK(MaskedCommand({"app", "--api-key=s3cret"}) == Words{"app", "--api-key=***"});
  CHECK(MaskedCommand({"curl", "-H", "Authorization: Bearer s3 cret"}) ==
        Words{"curl", "-H", "Authorization: ***"});
  CHECK(MaskedCommand({"sh", "-c", "PGPASSWORD='s3 cret' psql -c 'select 1'"}) ==
        Words{"sh", "-c", "PGPASSWORD='***' psql -c 'select 1'"});
  CHECK(MaskedCommand({"sh", "-c", "mysqladmin --password s3cret ping && echo ok"}) ==
        Words{"sh", "-c", "mysqladmin --password *** ping && echo ok"});
}

TEST_CASE("masked command: the password in a URL") {
  CHECK(MaskedCommand({"curl", "http://jane:s3cret@localhost:8080/a@b"}) ==
        Words{"curl", "http://jane:***@localhost:8080/a@b"});
  CHECK(MaskedCommand({"curl", "http://localhost:8080/a@b"}) ==
        Words{"curl", "http://localhost:8080/a@b"});
}
