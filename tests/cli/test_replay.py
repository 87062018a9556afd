"""pod --save and replay: the report of saved evidence is the report of the run that saved it."""

import json
import subprocess
import unittest

import probe_log
from support import POD, CliTest, web_pod


class ReplayTest(CliTest):
    def save(self, *arguments, name="evidence.json"):
        """The live run, and the file that it kept."""
        path = self.folder / name
        return self.run_plugin("pod", "web", "--save", str(path), *arguments), path

    def assert_same(self, live, path, *arguments):
        self.kubeconfig.unlink()
        again = self.run_plugin("replay", str(path), *arguments)
        self.write_kubeconfig()
        self.assertEqual(again.stdout, live.stdout)
        self.assertEqual(again.returncode, live.returncode, again.stderr)

    def test_round_trip(self):
        for log in ({}, {"http_status": 500}, {"slow_us": 3_000_000}):
            for arguments in ([], ["-v"], ["-o", "json"]):
                with self.subTest(log=log, arguments=arguments):
                    self.api.life.log = probe_log.log(**log)
                    live, path = self.save(*arguments)
                    self.assertTrue(live.stdout)
                    self.assert_same(live, path, *arguments)

    def test_why_a_report_is_incomplete_is_kept(self):
        self.api.life.log = probe_log.log(end=False)
        live, path = self.save()
        self.assert_same(live, path)
        again = self.run_plugin("replay", str(path))
        self.assertIn("error: ", again.stderr)
        self.assertEqual(again.stderr.splitlines(), [live.stderr.splitlines()[-1]])

    def test_no_request_is_made(self):
        _, path = self.save()
        self.api.requests.clear()
        self.run_plugin("replay", str(path))
        self.assertEqual(self.api.requests, [])

    def test_standard_input(self):
        live, path = self.save()
        with path.open("rb") as file:
            again = subprocess.run(self.command("replay", "-"), env=self.environment(), text=True,
                                   capture_output=True, timeout=60, stdin=file)
        self.assertEqual(again.stdout, live.stdout)

    def test_only_the_owner_may_read_it(self):
        _, path = self.save()
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_what_can_not_be_written(self):
        live = self.run_plugin("pod", "web")
        for path, reason in ((self.folder / "none" / "file", "No such file or directory"),
                             ("/dev/full", "No space left on device")):
            result = self.run_plugin("pod", "web", "--save", str(path))
            self.assertEqual(result.returncode, 2)
            self.assertEqual(result.stdout, live.stdout)
            self.assertIn(f"error: cannot write {path}: {reason}\n", result.stderr)

    def test_standard_output_has_the_report(self):
        result = self.run_plugin("pod", "web", "--save", "-")
        self.assert_fails(result, "--save")
        self.assert_no_probe_created()

    def test_what_is_no_evidence(self):
        _, path = self.save()
        good = json.loads(path.read_text())
        report = self.run_plugin("pod", "web", "-o", "json").stdout
        for name, content, reason in (
                ("empty", "", "no JSON"),
                ("cut", json.dumps(good)[:-2], "no JSON"),
                ("report", report, "no evidence"),
                ("list", "[]", "no evidence"),
                ("newer", json.dumps({**good, "version": 2}), "newer netcheck"),
                ("period", json.dumps({**good, "probes": [{**good["probes"][0], "period_s": 0}]}),
                 "no probe can have"),
                ("type", json.dumps({**good, "pod": {"name": 5}}), "must be string")):
            with self.subTest(name):
                bad = self.folder / name
                bad.write_text(content)
                result = self.run_plugin("replay", str(bad))
                self.assert_fails(result, f"{bad}: ", reason)
                self.assertNotIn("exception", result.stderr)
        self.assert_fails(self.run_plugin("replay", str(self.folder / "none")),
                          "cannot read", "No such file or directory")
        self.assert_fails(self.run_plugin("replay"), "missing")


if __name__ == "__main__":
    unittest.main()
