"""The comparison itself: it finds what differs, and only that."""

import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import client_hello
import comparison
import differences
import provers
import written
from scripts import IPV4, OK, Case, Listener, Tls, http_listener, http_probe

SILENT = """#!/usr/bin/python3
import json, sys
for line in sys.stdin:
    print(json.dumps({"result": "success", "output": "ok", "error": "", "ms": 1}), flush=True)
"""
BROKEN = """#!/usr/bin/python3
import sys
sys.exit("out of order")
"""


class Comparing(unittest.TestCase):
    def verdict(self, case: Case, program: str = "") -> comparison.Verdict:
        """Of a program's text, or of the oracle beside itself."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "prober"
            path.write_text(program)
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
            chosen = str(path) if program else str(provers.oracle())
            with mock.patch.dict(os.environ, NETCHECK_PROBE=chosen), comparison.Comparison() as compared:
                return compared.one(case)

    def test_equal(self) -> None:
        wanted = ("path-plain", "redirect-absolute", "tls-default")
        for case in written.every_case():
            if case.name in wanted:
                self.assertEqual(self.verdict(case).fields, ())

    def test_right_words_but_nothing_sent(self) -> None:
        verdict = self.verdict(Case("x", http_probe(), (http_listener(OK),)), SILENT)
        self.assertEqual(verdict.fields, ("received", "tls"))
        self.assertIn(b"Host: 127.0.0.1:PORT0", verdict.oracle[0].received[0][0])

    def test_wrong_words(self) -> None:
        verdict = self.verdict(Case("x", http_probe(), (Listener(state="closed"),)), SILENT)
        self.assertEqual(verdict.fields, ("result", "output"))
        self.assertIn("127.0.0.1:PORT0: connect: connection refused", verdict.oracle[0].output)

    def test_prober_that_breaks_down(self) -> None:
        verdict = self.verdict(Case("x", http_probe(), (http_listener(OK),)), BROKEN)
        self.assertEqual((verdict.probe.result, verdict.probe.output), ("breaks down", "out of order\n"))

    def test_tls_is_seen(self) -> None:
        case = Case("x", http_probe(scheme="HTTPS", host="localhost"), (http_listener(OK, tls=Tls()),))
        self.assertEqual(self.verdict(case).oracle[0].tls, (("TLSv1.3 None for localhost",),))

    def test_source_ports_are_no_difference(self) -> None:
        case = next(case for case in written.every_case() if case.name == "answer-none-but-reset")
        verdict = self.verdict(case)
        self.assertEqual(verdict.fields, ())
        self.assertIn(f"{IPV4}:SOURCE->{IPV4}:PORT0", verdict.oracle[0].output)


class Parsing(unittest.TestCase):
    def test_not_a_client_hello(self) -> None:
        for data in (b"", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x00\x04\x01\x00\x00\x00", b"\x16\x03\x01\x40\x00\x01"):
            self.assertRaises(ValueError, client_hello.parse, data)

    def test_table_of_differences(self) -> None:
        table = "| case | fields | reason |\n|---|---|---|\n| `a-b` | output, tls | Because. |\n"
        table += "| `c`, `d` | error | As `e`. |\nOther words.\n"
        expected = {"a-b": {"output", "tls"}, "c": {"error"}, "d": {"error"}}
        self.assertEqual(differences.accepted(table), {name: frozenset(fields) for name, fields in expected.items()})


if __name__ == "__main__":
    unittest.main()
