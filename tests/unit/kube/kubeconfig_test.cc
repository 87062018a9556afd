#include "kube/kubeconfig.h"

#include <doctest/doctest.h>

#include "unit/kube/fake_environment.h"

namespace netcheck::kube {
namespace {

// "a" and "b", fully written; the data are "CA-A", "CERT" and "KEY".
constexpr const char* kTwoClusters = R"(apiVersion: v1
kind: Config
current-context: a
clusters:
- name: a
  cluster:
    server: https://a.example:6443/
    certificate-authority-data: Q0EtQQ==
    tls-server-name: api.a.example
- name: b
  cluster: {server: "https://[fd00::1]:6443/prefix", certificate-authority: ca/b.pem}
contexts:
- name: a
  context: {cluster: a, user: ann, namespace: shop}
- name: b
  context: {cluster: b, user: bob}
users:
- name: ann
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
- name: bob
  user: {token: bobs-token}
)";

FakeEnvironment TwoClusters() {
  FakeEnvironment environment;
  environment.files["/home/ann/.kube/config"] = kTwoClusters;
  environment.files["/home/ann/.kube/ca/b.pem"] = "CA-B";
  return environment;
}

Connection Resolved(const ConnectionFlags& flags, const FakeEnvironment& environment) {
  const auto connection = ResolveConnection(flags, environment.Get());
  if (!connection) {
    FAIL(connection.error().message);
    return {};
  }
  return *connection;
}

std::string Problem(const ConnectionFlags& flags, const FakeEnvironment& environment) {
  const auto connection = ResolveConnection(flags, environment.Get());
  return connection ? "none" : connection.error().message;
}

/// A single cluster and user, `user` in flow style.
FakeEnvironment WithUser(const std::string& user) {
  FakeEnvironment environment;
  environment.files["/home/ann/.kube/config"] =
      "current-context: c\n"
      "clusters: [{name: k, cluster: {server: 'https://k:6443'}}]\n"
      "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
      "users:\n"
      "- name: u\n"
      "  user: " +
      user + "\n";
  return environment;
}

TEST_CASE("kubeconfig: the current context's cluster, user and namespace") {
  const Connection connection = Resolved({}, TwoClusters());
  CHECK(connection.server == "https://a.example:6443");
  CHECK(connection.certificate_authority == "CA-A");
  CHECK(connection.tls_server_name == "api.a.example");
  CHECK(connection.credentials.client_certificate == "CERT");
  CHECK(connection.credentials.client_key == "KEY");
  CHECK(connection.default_namespace == "shop");
  CHECK(connection.context == "a");
  CHECK(connection.user == "ann");
  CHECK(connection.request_timeout.count() == 0);
}

TEST_CASE("kubeconfig: --context, and files relative to the kubeconfig") {
  ConnectionFlags flags;
  flags.context = "b";
  const Connection connection = Resolved(flags, TwoClusters());
  CHECK(connection.server == "https://[fd00::1]:6443/prefix");
  CHECK(connection.certificate_authority == "CA-B");
  CHECK(connection.credentials.token == "bobs-token");
  CHECK(connection.default_namespace == "default");
}

TEST_CASE("kubeconfig: --cluster, --user and --namespace replace the context's") {
  ConnectionFlags flags;
  flags.cluster = "b";
  flags.user = "bob";
  flags.namespace_name = "other";
  const Connection connection = Resolved(flags, TwoClusters());
  CHECK(connection.server == "https://[fd00::1]:6443/prefix");
  CHECK(connection.credentials.token == "bobs-token");
  CHECK(connection.credentials.client_certificate.empty());
  CHECK(connection.default_namespace == "other");
}

TEST_CASE("kubeconfig: in a list the first file that has a name wins") {
  FakeEnvironment environment = TwoClusters();
  environment.variables["KUBECONFIG"] = "/one::/missing:/two:/one";
  environment.files["/one"] =
      "clusters: [{name: a, cluster: {server: 'https://one:1'}}]\n"
      "users: [{name: ann, user: {token: from-one}}]\n";
  environment.files["/two"] = kTwoClusters;
  const Connection connection = Resolved({}, environment);
  CHECK(connection.context == "a");  // only /two sets a current-context
  CHECK(connection.server == "https://one:1");
  CHECK(connection.tls_server_name.empty());  // not mixed with /two's cluster "a"
  CHECK(connection.credentials.token == "from-one");
  CHECK(connection.default_namespace == "shop");
}

TEST_CASE("kubeconfig: an explicit file stands alone and must exist") {
  FakeEnvironment environment = TwoClusters();
  environment.files["/x"] = "clusters: []\n";
  ConnectionFlags flags;
  flags.kubeconfig = "/x";
  CHECK(Problem(flags, environment).find("/x defines no context") != std::string::npos);
  flags.kubeconfig = "/none";
  CHECK(Problem(flags, environment) ==
        "the kubeconfig can't be used: cannot read /none: No such file or directory");
}

TEST_CASE("kubeconfig: flags for the server's identity") {
  ConnectionFlags flags;
  SUBCASE("another server drops tls-server-name, but keeps the authority") {
    flags.server = "https://10.0.0.1";
    const Connection connection = Resolved(flags, TwoClusters());
    CHECK(connection.server == "https://10.0.0.1");
    CHECK(connection.tls_server_name.empty());
    CHECK(connection.certificate_authority == "CA-A");
  }
  SUBCASE("no verification drops the authority") {
    flags.insecure_skip_tls_verify = true;
    const Connection connection = Resolved(flags, TwoClusters());
    CHECK(connection.insecure_skip_tls_verify);
    CHECK(connection.certificate_authority.empty());
  }
  SUBCASE("a file wins over the kubeconfig's data") {
    FakeEnvironment environment = TwoClusters();
    environment.files["my.pem"] = "CA-MINE";
    flags.certificate_authority = "my.pem";
    CHECK(Resolved(flags, environment).certificate_authority == "CA-MINE");
  }
  SUBCASE("data wins over a file in the kubeconfig itself") {
    FakeEnvironment environment = TwoClusters();
    environment.files["/home/ann/.kube/config"].insert(
        environment.files["/home/ann/.kube/config"].find("    tls-server-name"),
        "    certificate-authority: /not/there\n");
    CHECK(Resolved({}, environment).certificate_authority == "CA-A");
  }
  SUBCASE("a server without a kubeconfig, without a scheme") {
    flags.server = "127.0.0.1:8080";
    flags.token = "secret";
    const Connection connection = Resolved(flags, {});
    CHECK(connection.server == "http://127.0.0.1:8080");
    CHECK(connection.credentials.token.empty());  // nothing secret in the clear
  }
  SUBCASE("an address that is none") {
    flags.server = "ftp://x";
    CHECK(Problem(flags, {}) ==
          "the server address \"ftp://x\" is not of the form https://HOST:PORT");
  }
}

TEST_CASE("kubeconfig: who we are") {
  ConnectionFlags flags;
  SUBCASE("a token file is named, not read for good, and wins over --token as with kubectl") {
    FakeEnvironment environment = WithUser("{tokenFile: tok, token: literal}");
    flags.token = "flag";
    const Connection connection = Resolved(flags, environment);
    CHECK(connection.credentials.token_file == "/home/ann/.kube/tok");
    CHECK(connection.credentials.token == "flag");
  }
  SUBCASE("a token file that isn't there") {
    CHECK(Problem(flags, WithUser("{tokenFile: /tok}")) ==
          "tokenFile: cannot read /tok: No such file or directory");
  }
  SUBCASE("user name and password") {
    const Connection connection = Resolved(flags, WithUser("{username: u, password: '007'}"));
    CHECK(connection.credentials.username == "u");
    CHECK(connection.credentials.password == "007");
  }
  SUBCASE("a token beside a user name") {
    CHECK(Problem(flags, WithUser("{username: u, token: t}")).find("both") != std::string::npos);
  }
  SUBCASE("a certificate without its key") {
    CHECK(Problem(flags, WithUser("{client-certificate-data: Q0VSVA==}")).find("no client-key") !=
          std::string::npos);
  }
  SUBCASE("an auth-provider") {
    CHECK(Problem(flags, WithUser("{auth-provider: {name: gcp}}")).find("\"gcp\"") !=
          std::string::npos);
  }
  SUBCASE("--as replaces the kubeconfig's user, the groups stay") {
    flags.as = "eve";
    flags.as_user_extra = {"team=a", "team=b=c"};
    const Connection connection = Resolved(
        flags, WithUser("{as: x, as-uid: '7', as-groups: [g, h], as-user-extra: {k: [v]}}"));
    CHECK(connection.impersonation.user == "eve");
    CHECK(connection.impersonation.uid == "7");
    CHECK(connection.impersonation.groups == std::vector<std::string>{"g", "h"});
    const std::map<std::string, std::vector<std::string>> extra = {{"team", {"a", "b=c"}}};
    CHECK(connection.impersonation.extra == extra);
  }
  SUBCASE("--as-group without --as") {
    flags.as_groups = {"g"};
    CHECK(Problem(flags, TwoClusters()).find("use --as") != std::string::npos);
  }
}

TEST_CASE("kubeconfig: an exec credential plugin") {
  SUBCASE("all fields") {
    FakeEnvironment environment = WithUser(R"(
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: ./bin/login
        args: [--cluster, "1"]
        env: [{name: A, value: b}]
        installHint: install it
        provideClusterInfo: true
        interactiveMode: Never)");
    environment.files["/home/ann/.kube/config"] += "extensions: []\n";
    const auto exec = Resolved({}, environment).credentials.exec;
    REQUIRE(exec);
    CHECK(exec->command == "/home/ann/.kube/./bin/login");
    CHECK(exec->args == std::vector<std::string>{"--cluster", "1"});
    CHECK(exec->environment == std::map<std::string, std::string>{{"A", "b"}});
    CHECK(exec->install_hint == "install it");
    CHECK(exec->provide_cluster_info);
    CHECK(exec->interactive == ExecPlugin::Interactive::kNever);
    CHECK(exec->cluster_config.is_null());
  }
  SUBCASE("a bare command is left to PATH; v1beta1 has a default mode") {
    const auto exec =
        Resolved({},
                 WithUser("{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x}}"))
            .credentials.exec;
    REQUIRE(exec);
    CHECK(exec->command == "x");
    CHECK(exec->interactive == ExecPlugin::Interactive::kIfAvailable);
  }
  SUBCASE("v1 has none") {
    CHECK(Problem({}, WithUser("{exec: {apiVersion: client.authentication.k8s.io/v1, command: x}}"))
              .find("/home/ann/.kube/config:6: exec.interactiveMode") != std::string::npos);
  }
  SUBCASE("the cluster's extension, with JSON's types") {
    FakeEnvironment environment =
        WithUser("{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x}}");
    std::string& text = environment.files["/home/ann/.kube/config"];
    text.replace(text.find("'https://k:6443'"),
                 16,
                 "'https://k', extensions: [{name: client.authentication.k8s.io/exec, extension: "
                 "{a: 1, b: '1', c: true, d: [null, 1.5], e: no}}]");
    CHECK(Resolved({}, environment).credentials.exec->cluster_config.dump() ==
          R"({"a":1,"b":"1","c":true,"d":[null,1.5],"e":"no"})");
  }
}

TEST_CASE("kubeconfig: unknown names tell the known ones") {
  ConnectionFlags flags;
  SUBCASE("context") {
    flags.context = "bb";
    CHECK(Problem(flags, TwoClusters()) ==
          "--context names the context \"bb\", which the kubeconfig doesn't define; known are b "
          "and a");
  }
  SUBCASE("cluster") {
    flags.cluster = "c";
    CHECK(Problem(flags, TwoClusters()).starts_with("--cluster names the cluster \"c\""));
  }
  SUBCASE("user") {
    flags.user = "c";
    CHECK(Problem(flags, TwoClusters()).starts_with("--user names the user \"c\""));
  }
  SUBCASE("a context that leads nowhere") {
    FakeEnvironment environment;
    environment.files["/home/ann/.kube/config"] =
        "current-context: c\ncontexts: [{name: c, context: {cluster: gone, user: u}}]\n";
    CHECK(Problem(flags, environment) ==
          "the context \"c\" names the cluster \"gone\", which the kubeconfig doesn't define; none "
          "is known");
  }
  SUBCASE("current-context") {
    FakeEnvironment environment;
    environment.files["/home/ann/.kube/config"] = "current-context: c\n";
    CHECK(Problem(flags, environment).starts_with("current-context names the context \"c\""));
  }
}

TEST_CASE("kubeconfig: nothing to go by") {
  SUBCASE("no file") {
    CHECK(Problem({}, {}) ==
          "no kubeconfig (no such file: /home/ann/.kube/config) and not inside a cluster: use "
          "--kubeconfig, $KUBECONFIG or --server to name the cluster");
  }
  SUBCASE("no context chosen") {
    FakeEnvironment environment = TwoClusters();
    std::string& text = environment.files["/home/ann/.kube/config"];
    text.erase(text.find("current-context"), 19);
    CHECK(Problem({}, environment).find("chooses no context") != std::string::npos);
  }
}

TEST_CASE("kubeconfig: malformed files name their line") {
  FakeEnvironment environment;
  std::string& text = environment.files["/home/ann/.kube/config"];
  const std::string prefix = "the kubeconfig can't be used: /home/ann/.kube/config:";
  SUBCASE("not YAML") {
    text = "clusters:\n- name: a\n   cluster: {\n";
    CHECK(Problem({}, environment).starts_with(prefix + "3: is not valid YAML"));
  }
  SUBCASE("a tab") {
    text = "clusters:\n\t- name: a\n";
    CHECK(Problem({}, environment).starts_with(prefix + "2: is not valid YAML"));
  }
  SUBCASE("not a list") {
    text = "kind: Config\nclusters:\n  a: b\n";
    CHECK(Problem({}, environment) == prefix + "3: clusters must be a list");
  }
  SUBCASE("not a map") {
    text = "clusters:\n- name: a\n  cluster: x\n";
    CHECK(Problem({}, environment) == prefix + "3: cluster must be a map");
  }
  SUBCASE("the whole file a text") {
    text = "hello";
    CHECK(Problem({}, environment).starts_with(prefix + "1: a map with"));
  }
  SUBCASE("not base64") {
    text = "users:\n- name: a\n  user:\n    client-key-data: '%%%'\n";
    CHECK(Problem({}, environment) == prefix + "4: client-key-data is not valid base64");
  }
  SUBCASE("not a boolean") {
    text = "clusters:\n- name: a\n  cluster:\n    insecure-skip-tls-verify: maybe\n";
    CHECK(Problem({}, environment) == prefix + "4: insecure-skip-tls-verify must be true or false");
  }
  SUBCASE("a name twice") {
    text = "users:\n- name: a\n- name: a\n";
    CHECK(Problem({}, environment) == prefix + "3: \"a\" is a second time in users");
  }
  SUBCASE("a value that contains itself") {
    text =
        "clusters:\n- name: a\n  cluster:\n    extensions:\n"
        "    - name: client.authentication.k8s.io/exec\n      extension: &a [1, *a]\n";
    CHECK(Problem({}, environment) == prefix +
                                          "6: is not valid YAML: too much is nested here, "
                                          "perhaps by an alias");
  }
  SUBCASE("a value that aliases multiply") {
    text = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
    for (char name = 'b'; name <= 'h'; ++name) {
      text += std::string(1, name) + ": &" + name + " [";
      for (int i = 0; i < 10; ++i) {
        text += std::string(i == 0 ? "*" : ", *") + static_cast<char>(name - 1);
      }
      text += "]\n";
    }
    text +=
        "clusters: [{name: a, cluster: {extensions: "
        "[{name: client.authentication.k8s.io/exec, extension: *h}]}}]\n";
    CHECK(Problem({}, environment).find("too much is nested here") != std::string::npos);
  }
  SUBCASE("another kind") {
    text = "kind: Pod\n";
    CHECK(Problem({}, environment) == prefix + "1: is a Pod, not a kubeconfig (kind: Config)");
  }
}

TEST_CASE("kubeconfig: JSON is YAML, and an empty file is a kubeconfig") {
  FakeEnvironment environment;
  environment.variables["KUBECONFIG"] = "/empty:/json";
  environment.files["/empty"] = "";
  environment.files["/json"] =
      R"({"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":""}}],)"
      R"("clusters":[{"name":"k","cluster":{"server":"https://k"}}],"users":null})";
  CHECK(Resolved({}, environment).server == "https://k");
}

TEST_CASE("kubeconfig: inside a cluster") {
  const std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount/";
  FakeEnvironment environment;
  environment.variables = {{"KUBERNETES_SERVICE_HOST", "fd00::1"},
                           {"KUBERNETES_SERVICE_PORT", "443"}};
  environment.files = {
      {folder + "token", "t"}, {folder + "ca.crt", "CA"}, {folder + "namespace", "mine\n"}};
  ConnectionFlags flags;
  SUBCASE("the service account") {
    const Connection connection = Resolved(flags, environment);
    CHECK(connection.server == "https://[fd00::1]:443");
    CHECK(connection.certificate_authority == "CA");
    CHECK(connection.credentials.token_file == folder + "token");
    CHECK(connection.default_namespace == "mine");
  }
  SUBCASE("--token replaces the service account's") {
    flags.token = "other";
    const Connection connection = Resolved(flags, environment);
    CHECK(connection.credentials.token == "other");
    CHECK(connection.credentials.token_file.empty());
  }
  SUBCASE("POD_NAMESPACE first") {
    environment.variables["POD_NAMESPACE"] = "told";
    CHECK(Resolved(flags, environment).default_namespace == "told");
  }
  SUBCASE("a kubeconfig wins, but not over the namespace where it names none") {
    environment.files["/home/ann/.kube/config"] = kTwoClusters;
    environment.files["/home/ann/.kube/ca/b.pem"] = "CA-B";
    flags.context = "b";
    const Connection connection = Resolved(flags, environment);
    CHECK(connection.server == "https://[fd00::1]:6443/prefix");
    CHECK(connection.default_namespace == "mine");
  }
  SUBCASE("without a token we are not in a cluster") {
    environment.files.erase(folder + "token");
    CHECK(Problem(flags, environment).find("not inside a cluster") != std::string::npos);
  }
}

TEST_CASE("kubeconfig: proxies") {
  FakeEnvironment environment = TwoClusters();
  environment.variables["HTTPS_PROXY"] = "proxy.example:3128";
  ConnectionFlags flags;
  SUBCASE("the environment's") {
    CHECK(Resolved(flags, environment).proxy == "http://proxy.example:3128");
  }
  SUBCASE("proxy-url wins and NO_PROXY doesn't count for it") {
    environment.variables["NO_PROXY"] = "*";
    std::string& text = environment.files["/home/ann/.kube/config"];
    text.insert(text.find("    tls-server-name"), "    proxy-url: socks5://s:1080\n");
    CHECK(Resolved(flags, environment).proxy == "socks5://s:1080");
  }
  SUBCASE("an unknown kind of proxy") {
    std::string& text = environment.files["/home/ann/.kube/config"];
    text.insert(text.find("    tls-server-name"), "    proxy-url: ftp://s\n");
    CHECK(Problem(flags, environment).starts_with("the proxy-url \"ftp://s\""));
  }
}

TEST_CASE("kubeconfig: --request-timeout") {
  ConnectionFlags flags;
  flags.request_timeout = "1m30s";
  CHECK(Resolved(flags, TwoClusters()).request_timeout == std::chrono::seconds(90));
  flags.request_timeout = "soon";
  CHECK(Problem(flags, TwoClusters()).starts_with("--request-timeout soon is no duration"));
}

}  // namespace
}  // namespace netcheck::kube
