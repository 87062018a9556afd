"""What kubelet says and does about a row of the table, what netcheck reports of it, and where the two disagree."""

import dataclasses
import datetime
import json
import re
from typing import Any, Iterator

import harness
from probe_table import Ends, Row

_MESSAGE = re.compile(
    r"(?:\(combined from similar events\): )?(?P<probe>Liveness|Readiness|Startup) probe "
    r"(?P<ends>failed|warning|errored and resulted in (?P<state>\w+) state): (?P<output>.*)",
    re.DOTALL,
)
_ENDS = {"failed": Ends.FAILURE, "warning": Ends.WARNING}

# Go words one and the same timeout in several ways, as chance has it.
_TIMEOUT = re.compile(
    r"(context deadline exceeded|net/http: request canceled( while waiting for connection)?|dial tcp \S+: i/o timeout)"
    r"( \(Client\.Timeout exceeded while awaiting headers\))?"
)
_LATE = re.compile(r".*, after [\d.]+ m?s; kubelet waits (\d+) s", re.DOTALL)
# What an attempt put out is cut in netcheck's report.
_CUT_BYTES = 1000

_NOT_MADE = "kubelet does not make it"
_RESTARTS = "kubelet restarts the container"

# kubelet looks at its containers once a second; a container has a second to end; events have whole seconds.
_KILL_SECONDS = 4.0


def without_numbers(text: str) -> str:
    """Without what is another one at each attempt: a source port, the name that a runtime gives to a command."""
    return re.sub(r"\b[0-9a-f]{64}\b", "ID", re.sub(r"(read|write) tcp (\S+):\d+->", r"\1 tcp \2:PORT->", text))


@dataclasses.dataclass(frozen=True)
class Told:
    """An event of kubelet's about a probe."""

    probe: str
    ends: Ends
    state: str  # The result that kubelet names beside an error.
    output: str
    message: str
    count: int


def _told(event: dict[str, Any]) -> Told | None:
    match = _MESSAGE.fullmatch(event["message"])
    if not match:
        return None
    ends = _ENDS.get(match["ends"], Ends.ERRORED)
    output = without_numbers(match["output"])
    return Told(match["probe"].lower(), ends, match["state"] or "", output, event["message"], event["count"])


@dataclasses.dataclass(frozen=True)
class Kubelet:
    """What kubelet told and did up to a moment."""

    pod: dict[str, Any]
    events: list[dict[str, Any]]

    @property
    def told(self) -> list[Told]:
        return [told for told in map(_told, self.events) if told]

    @property
    def container(self) -> dict[str, Any]:
        return next(iter(self.pod["status"].get("containerStatuses", [])), {})

    @property
    def running(self) -> bool:
        return "running" in self.container.get("state", {})

    def about(self, row: Row) -> list[Told]:
        return [told for told in self.told if told.probe == row.probe and told.ends == row.ends]

    def killed(self, row: Row) -> bool:
        return any(event["reason"] == "Killing" and event["message"] == row.killed_by for event in self.events)

    def seconds_running(self) -> float:
        """How long the container has been running."""
        started = _time(self.container["state"]["running"]["startedAt"])
        return (datetime.datetime.now(datetime.UTC) - started).total_seconds()

    def seconds_to_restart(self) -> float:
        """How long the container lived before the last restart."""
        ended = self.container["lastState"]["terminated"]
        return (_time(ended["finishedAt"]) - _time(ended["startedAt"])).total_seconds()


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def look(namespace: str) -> dict[str, Kubelet]:
    """Every pod of a namespace, by name."""
    items = json.loads(harness.kubectl("get", "pods,events", "--namespace", namespace, "--output=json"))["items"]
    seen = {item["metadata"]["uid"]: Kubelet(item, []) for item in items if item["kind"] == "Pod"}
    for item in items:
        if item["kind"] == "Event" and item["involvedObject"].get("uid") in seen:
            seen[item["involvedObject"]["uid"]].events.append(item)
    return {kubelet.pod["metadata"]["name"]: kubelet for kubelet in seen.values()}


def is_settled(row: Row, kubelet: Kubelet) -> bool:
    """Whether kubelet has told and done what the row expects of it, and the pod stays as it is for a while."""
    heard = not row.says or any(row.says in told.message for told in kubelet.told if told.probe == row.probe)
    if not heard or not kubelet.running:
        return False
    container = kubelet.container
    if (container["ready"], container["started"]) != (row.ready, row.started):
        return False
    if row.restarts:
        return kubelet.killed(row) and container["restartCount"] > 0 and 1 < kubelet.seconds_running() < 8
    # An error would restart the container by now, if it counted.
    return row.ends is not Ends.ERRORED or sum(told.count for told in kubelet.about(row)) > 1


def _checks(row: Row, report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        check for check in report["checks"] if check["kind"] != "handshake" and row.probe in check["probe"].split(",")
    ]


def _forecast(row: Row, report: dict[str, Any]) -> dict[str, Any] | None:
    return next((forecast for forecast in report["forecasts"] if forecast["probe"] == row.probe), None)


def _is_said(detail: str, text: str) -> bool:
    """Whether an attempt says what kubelet says, whose text is without numbers already."""
    said = without_numbers(detail)
    if len(detail.encode()) >= _CUT_BYTES:
        return text.startswith(re.sub(r"[0-9a-f]{1,63}\Z", "", said))  # The cut may go through a name.
    return said == text or _TIMEOUT.sub("TIMEOUT", said) == text


def _attempts(row: Row, kubelet: Kubelet, report: dict[str, Any]) -> Iterator[str]:
    """Each attempt ends as kubelet's do, in kubelet's words."""
    attempts = [attempt for check in _checks(row, report) for attempt in check["attempts"]]
    if not attempts:
        yield "netcheck did not check the probe"
    told = kubelet.about(row)
    outcomes = {told.state for told in told} if row.ends is Ends.ERRORED else {row.ends.value}
    words = {told.output for told in told}
    if len(words) > 1:
        words |= {_TIMEOUT.sub("TIMEOUT", text) for text in words}
    late = 0
    for attempt in attempts:
        detail = attempt.get("detail", "")
        if attempt["outcome"] not in outcomes:
            yield f"an attempt's outcome is {attempt['outcome']!r} ({detail!r}), kubelet's are {sorted(outcomes)}"
        elif row.ends is Ends.FAILURE and _LATE.fullmatch(detail):
            late += 1
        elif row.ends is not Ends.SUCCESS and not any(_is_said(detail, text) for text in words):
            yield f"an attempt says {detail!r}, kubelet says {sorted(words)}"
    if attempts and late == len(attempts):
        yield f"no attempt says what kubelet says of a late answer: {sorted(words)}"


def _failures(row: Row, before: Kubelet, after: Kubelet, report: dict[str, Any]) -> Iterator[str]:
    """What netcheck reports of kubelet's own failures is what kubelet told, and it met the same."""
    reported = [failure for failure in report["kubeletFailures"] if failure["probe"] == row.probe]
    messages = {told.message for told in after.told}
    for failure in reported:
        if failure["message"] not in messages:
            yield f"kubelet never said {failure['message']!r}"
    fails = (Ends.FAILURE, Ends.ERRORED)
    counts = [
        sum(told.count for told in kubelet.told if told.probe == row.probe and told.ends in fails)
        for kubelet in (before, after)
    ]
    count = sum(failure["count"] for failure in reported)
    if not counts[0] <= count <= counts[1]:
        yield f"netcheck counts {count} failures of kubelet's, kubelet {counts[0]} to {counts[1]}"
    if row.ends not in fails:
        return
    forecast = _forecast(row, report)
    least = forecast["failed"] + forecast["errored"] if forecast else 1
    met = max((failure["same"] for failure in reported if row.says in failure["message"]), default=0)
    if met < least:
        yield f"{met} attempts are said to have ended as kubelet's, {least} did"


def _consequence(row: Row, kubelet: Kubelet, report: dict[str, Any]) -> Iterator[str]:
    """What netcheck says kubelet will do is what kubelet did."""
    forecast = _forecast(row, report)
    if not forecast:
        yield "netcheck does not say what kubelet will do"
        return
    counted = {Ends.FAILURE: "failed", Ends.ERRORED: "errored"}.get(row.ends)
    for kind in ("failed", "errored"):
        wanted = forecast["attempts"] if kind == counted else 0
        if forecast[kind] != wanted:
            yield f"{forecast[kind]} of {forecast['attempts']} attempts are said to have {kind}, {wanted} did"
    if row.ends is Ends.ERRORED:
        wanted = "kubelet throws such attempts away"
    elif row.restarts:
        wanted = _RESTARTS
    elif row.ends is Ends.FAILURE:
        wanted = {"readiness": "the pod does not become ready"}.get(row.probe, _RESTARTS)
    else:
        passes = {"readiness": "is or becomes ready", "startup": "counts as started", "liveness": "goes on running"}
        wanted = passes[row.probe]
    if wanted not in forecast["text"]:
        yield f"netcheck foresees {forecast['text']!r}; kubelet: {wanted!r}"
    if row.restarts:
        low, high = (forecast.get("afterSeconds", {}).get(end, -1.0) for end in ("low", "high"))
        lived = kubelet.seconds_to_restart()
        if not low - 1 <= lived <= high + _KILL_SECONDS:
            yield f"kubelet restarted the container after {lived:.0f} s, netcheck foresees {low:.0f} to {high:.0f} s"
    elif kubelet.container["restartCount"]:
        yield f"the container was restarted {kubelet.container['restartCount']} times"
    for other in report["forecasts"]:
        if _NOT_MADE in other["text"] and any(told.probe == other["probe"] for told in kubelet.told):
            yield f"kubelet made the {other['probe']} probe; netcheck says it does not"
        if other is not forecast and _RESTARTS in other["text"] and not kubelet.container["restartCount"]:
            yield f"netcheck foresees a restart by the {other['probe']} probe; kubelet made none"


def _verdict(row: Row, report: dict[str, Any], exit_code: int) -> Iterator[str]:
    healthy = row.ends in (Ends.SUCCESS, Ends.WARNING)
    if (report["verdict"] == "healthy", exit_code) != (healthy, 0 if healthy else 1):
        yield f"the verdict is {report['verdict']!r} with exit code {exit_code}: {report['summary']}"


def was_disturbed(report: dict[str, Any]) -> bool:
    """Whether the container restarted while it was examined, which is nobody's fault."""
    return any("restarted while" in text for entry in report["undetermined"] for text in entry["observations"])


def disagreements(
    row: Row, before: Kubelet, after: Kubelet, report: dict[str, Any], exit_code: int
) -> list[str]:
    """`before` and `after`: kubelet around the examination."""
    return [
        *_attempts(row, after, report),
        *_failures(row, before, after, report),
        *_consequence(row, after, report),
        *_verdict(row, report, exit_code),
    ]
