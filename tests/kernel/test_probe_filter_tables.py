"""What the probe reports of packet filter rules, in both places where the kernel keeps them, against
what iptables-save prints, and that nothing is made or changed by looking."""

import re
import shutil
import sys
import time
import unittest

from probe_lab import LabTest, Report, plan, run

LEGACY = """*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-DROP - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:SITE - [0:0]
-A INPUT -g SITE
-A OUTPUT -j KUBE-FIREWALL
-A OUTPUT -o lo
-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
"""
NFT = """*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-SVC-ABCDEFGHIJKLMNOP - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -p tcp -m tcp --dport 1 -j KUBE-SVC-ABCDEFGHIJKLMNOP
-A KUBE-SERVICES -p tcp -m tcp --dport 2 -j KUBE-MARK-MASQ
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-SVC-ABCDEFGHIJKLMNOP -p tcp -m tcp -j DNAT --to-destination {endpoint}
COMMIT
"""
COMMANDS = [("iptables-legacy", "ip", LEGACY), ("ip6tables-legacy", "ip6", LEGACY),
            ("iptables-nft", "ip", NFT.format(endpoint="10.0.0.1:80")),
            ("ip6tables-nft", "ip6", NFT.format(endpoint="[fd00::1]:80"))]
HIDDEN = ("KUBE-SVC-",)
BUILT_IN = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}


def parsed(chains: dict[str, str]) -> dict[str, dict]:
    """FilterTable.chains: hook, policy, numbers of rules and packets, jumps and targets of each."""
    result = {}
    for name, text in chains.items():
        hook, policy, rules, packets, *names = text.split(" ")
        result[name] = {"hook": hook, "policy": policy, "rules": int(rules), "packets": int(packets),
                        "jumps": {word[1:] for word in names if word[0] == ">"},
                        "targets": {word[1:] for word in names if word[0] == "+"}}
    return result


def saved(text: str) -> dict[str, dict[str, dict]]:
    """What iptables-save printed: table → chain → policy, number of rules, jumps and targets."""
    tables: dict[str, dict[str, dict]] = {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("*"):
            chains = tables.setdefault(line[1:], {})
        elif line.startswith(":"):
            policy = words[1].lower()
            chains[words[0][1:]] = {"policy": policy, "rules": 0, "jumps": set(), "targets": set()}
        elif line.startswith("-A"):
            chain = chains[words[1]]
            chain["rules"] += 1
            for flag, word in zip(words, words[1:]):
                if flag in ("-j", "-g") and word in chains:
                    chain["jumps"].add(word)
                elif flag == "-j" and word not in ("DROP", "ACCEPT", "RETURN"):
                    chain["targets"].add(word)
    return tables


class FilterTables(LabTest):
    @classmethod
    def setUpClass(cls) -> None:
        for command, _, _ in COMMANDS:
            if shutil.which(command) is None:
                print(f"skipped: {command} is not installed", flush=True)
                raise unittest.SkipTest(f"{command} is not installed")
        super().setUpClass()
        for command, _, rules in COMMANDS:
            run(*cls.lab.node.enter(command + "-restore"), stdin=rules)
        cls.lab.node.nft("table inet site {\n chain forward { type filter hook forward priority 0; policy drop; "
                         "accept; }\n chain own { accept; }\n}\n")

    def look(self) -> Report:
        report = self.lab.probe(plan(0, target={"host_network": True}))
        self.check_complete(report)
        return report

    def test_the_same_as_iptables_save_prints(self) -> None:
        report = self.look()
        for command, family, _ in COMMANDS:
            backend = command.split("-")[1]
            for table, chains in saved(run(*self.lab.node.enter(command + "-save"))).items():
                with self.subTest(command=command, table=table):
                    fact = report.one("filter-table", moment="before", where="node", backend=backend,
                                      family=family, name=table)
                    wanted = {name: chain for name, chain in chains.items()
                              if (name in BUILT_IN or name.startswith("KUBE-")) and not name.startswith(HIDDEN)}
                    seen = parsed(fact["chains"])
                    self.assertEqual(set(seen), set(wanted))
                    self.assertEqual(fact["service_chains"], sum(name.startswith(HIDDEN) for name in chains))
                    self.assertEqual(fact["other_chains"], len(chains) - len(wanted) - fact["service_chains"])
                    for name, chain in seen.items():
                        expected = wanted[name]
                        self.assertEqual(chain["policy"], expected["policy"], name)
                        self.assertEqual(chain["hook"], name.lower() if expected["policy"] != "-" else "-", name)
                        self.assertEqual(chain["rules"], expected["rules"], name)
                        jumps = {jump for jump in expected["jumps"] if not jump.startswith(HIDDEN)}
                        self.assertEqual(chain["jumps"], jumps, name)
                        self.assertEqual(chain["targets"], expected["targets"], name)

    def test_not_read_for_a_pod(self) -> None:
        report = self.lab.probe(plan(self.lab.idle.pid))
        self.check_complete(report)
        self.assertEqual(report.of("filter-table"), [])

    def test_rules_of_others_are_not_looked_at(self) -> None:
        fact = self.look().one("filter-table", moment="before", where="node", family="inet", name="site")
        self.assertEqual(fact["other_chains"], 1)
        self.assertEqual(fact["chains"], {"forward": "forward drop 0 0"})

    def test_counters_are_added_up(self) -> None:
        send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))"
        run(*self.lab.node.enter(sys.executable, "-c", send))
        fact = self.look().one(
            "filter-table", moment="after", where="node", backend="legacy", family="ip", name="filter")
        self.assertGreater(parsed(fact["chains"])["OUTPUT"]["packets"], 0)

    def test_nothing_is_made_or_changed(self) -> None:
        def state() -> list[dict]:
            states = [space.state() for space in (self.lab.node, self.lab.pod)]
            for space in states:  # The kernel's own packets (IPv6 neighbours) are counted, too.
                space["rules"] = re.sub(r"packets \d+ bytes \d+", "", space["rules"])
            return states

        def settled() -> list[dict]:
            """The links have just been made: they come up, and their IPv6 addresses are checked for twins."""
            states, equal = state(), 0
            deadline = time.monotonic() + 20
            while equal < 4 and time.monotonic() < deadline:
                time.sleep(0.5)
                now = state()
                up = all(re.search(r"(veth0|eth0)\S* +UP ", space["links"]) for space in now)
                states, equal = now, equal + 1 if up and now == states else 0
            return states

        before = settled()
        report = self.look()
        after = state()
        self.maxDiff = None
        self.assertEqual(before, after)
        self.assertEqual(report.of("filter-table", where="pod"), [])
        self.assertEqual(before[1]["tables"].get("ip_tables_names", ""), "")

    def test_without_capabilities_it_says_so(self) -> None:
        report = self.lab.probe(plan(0, target={"host_network": True}), confined="no-capabilities")
        self.check_complete(report)
        missing = {fact["what"] for fact in report.of("unavailable", moment="before", where="node")}
        self.assertLessEqual({"nftables", "iptables"}, missing)


if __name__ == "__main__":
    unittest.main()
