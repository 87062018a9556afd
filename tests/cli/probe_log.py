"""Logs as the probe writes them, for a given plan. PROTOCOL.md is the spec."""

import json


def lines(plan, http_status=200, probe_version="0.1.0", protocol_version=1, slow_us=0, end=True):
    """Facts of a run in which every handshake was established, as a list of bytes."""
    facts = [{"kind": "hello", "protocol_version": protocol_version, "probe_version": probe_version,
              "plan_id": plan["id"], "kernel_release": "6.1.0", "machine": "x86_64"},
             target(plan, "before")]
    now = 1_000_000
    for batch in plan["batches"]:
        count = 0 if batch["ports"]["kind"] == "suspects" else batch["ports"]["count"]
        if count:
            facts.append({"kind": "handshakes", "batch": batch["id"], "first": 0, "count": count,
                          "source_address": "192.0.2.1", "source_ports": [[40000, 1, count]],
                          "results": [[0, count]], "seen": [[15, count]],
                          "start_us": [now] + [5000] * (count - 1),
                          "duration_us": [150] * count})
        tap = {"open": True, "dropped": 0, "packets_in": count + 1, "packets_out": count + 1}
        facts.append({"kind": "batch-end", "batch": batch["id"], "planned": count, "tried": count,
                      "established": count, "failed": 0, "not_tried": 0, "start_us": now,
                      "end_us": now + 5000 * count, "node_tap": tap, "pod_tap": tap})
        facts.append({"kind": "heartbeat", "tried": count, "planned": count})
        now += 5000 * count
    for check in plan["checks"]:
        for index in range(check["attempts"]):
            good = check["kind"] == "tcp" or 200 <= http_status < 400
            facts.append({"kind": "check-attempt", "check": check["id"], "index": index,
                          "source_address": "192.0.2.1", "source_port": 45000 + index,
                          "start_us": now, "connect_us": 200, "first_byte_us": 900 + slow_us,
                          "total_us": 1000 + slow_us, "phase": "done",
                          "result": "success" if good else "failure", "connect_result": 0,
                          "http_status": http_status if check["kind"] == "http" else 0,
                          "output": "" if good else
                          f"HTTP probe failed with statuscode: {http_status}", "seen": 15})
            now += 2000
    facts.append(target(plan, "after"))
    if end:
        facts.append({"kind": "end", "reason": "done", "lines": len(facts), "max_rss_kib": 4000,
                      "cpu_us": 1000})
    return [json.dumps({"n": n, **fact}).encode() + b"\n" for n, fact in enumerate(facts)]


def target(plan, moment):
    return {"kind": "target", "moment": moment, "found": True, "pod_netns": 2, "node_netns": 1,
            "containers": [{"name": c["name"], "id": c["id"], "running": True, "pid": 100,
                            "start_ticks": 5} for c in plan["target"]["containers"]]}


def log(**options):
    """For ProbeLife.log."""
    return lambda plan: b"".join(lines(plan, **options))
