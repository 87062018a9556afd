"""A Kubernetes API server on loopback, in memory: pods with a watch, logs, access reviews, dry run.

A test changes its state (objects, denied rights), the life of the probe pod (ProbeLife), or single
answers (faults), runs the plugin against it, and looks at what is left.
"""

import base64
import copy
import http.server
import json
import queue
import re
import socket
import ssl
import threading
import urllib.parse

TOKEN = "good-token"


def status(code, reason, message):
    """A metav1.Status."""
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure",
            "code": code, "reason": reason, "message": message}


class ProbeLife:
    """What happens to a probe pod after it was created."""

    def __init__(self, states=None, log=None, cuts=(), log_status=None):
        # v1.PodStatus one after the other; the last one stays.
        self.states = states or [
            {"phase": "Pending", "containerStatuses": [
                {"name": "probe", "state": {"waiting": {"reason": "ContainerCreating"}}}]},
            {"phase": "Running", "containerStatuses": [
                {"name": "probe", "state": {"running": {}}}]}]
        # plan → bytes of the log, or an iterator over its parts as they come.
        self.log = log
        # Each connection for the log is cut after so many bytes; None: ended after all of them.
        self.cuts = list(cuts)
        # Pod status that is set when the log has been served once.
        self.log_status = log_status


class FakeApi:
    """Starts at once; stop() ends it and every connection."""

    def __init__(self, certificate, key):
        self.lock = threading.RLock()
        self.objects = {}
        self.denied = set()       # "create pods netcheck"
        self.faults = []          # (method, path pattern, function(handler) → None or True: answered)
        self.requests = []        # (method, path, query, body)
        self.life = ProbeLife()
        self.watchers = []
        self.reached = {}         # name → Event, set by hang()
        self.deleted = []         # (name, gracePeriodSeconds)
        self.removed = {}         # path → its last state
        self.sockets = set()
        handler = type("Handler", (Handler,), {"api": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        # A client that breaks off, or does not trust us, is part of a test.
        self.server.handle_error = lambda request, address: None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def stop(self):
        if self.stopping.is_set():
            return
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            for connection in list(self.sockets):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.thread.join()

    # --- state ---------------------------------------------------------------------------------

    def put(self, path, value):
        with self.lock:
            self.objects[path] = value

    def probe_pods(self):
        with self.lock:
            return [p for p, o in self.objects.items()
                    if o["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "netcheck-probe"]

    def fault(self, method, pattern, answer):
        """`answer`: a Status to reply with, or a function of the handler."""
        if isinstance(answer, dict):
            reply = answer
            self.faults.append((method, pattern, lambda h: h.reply(reply["code"], reply)))
        else:
            self.faults.append((method, pattern, answer))

    def hang(self, method, pattern, name, before_reply=None):
        """Requests that match wait until the server stops; reached[name] tells that one came."""
        self.reached[name] = threading.Event()

        def wait(handler):
            if before_reply:
                before_reply(handler)
            self.reached[name].set()
            self.stopping.wait(30)
            handler.close_connection = True
            return True
        self.faults.append((method, pattern, wait))

    def create(self, path, body):
        name = body["metadata"]["name"]
        with self.lock:
            body.setdefault("metadata", {})["resourceVersion"] = "1"
            body["metadata"].setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
            body["status"] = {"phase": "Pending"}
            self.objects[f"{path}/{name}"] = body
            created = copy.deepcopy(body)
        if "netcheck-probe" in name:
            threading.Thread(target=self._live, args=(f"{path}/{name}",), daemon=True).start()
        return created

    def _live(self, path):
        for state in self.life.states:
            self.set_status(path, state)

    def set_status(self, path, state):
        with self.lock:
            if path in self.objects:
                self.objects[path]["status"] = state
                version = int(self.objects[path]["metadata"]["resourceVersion"]) + 1
                self.objects[path]["metadata"]["resourceVersion"] = str(version)
                self._notify("MODIFIED", self.objects[path])

    def remove(self, path):
        with self.lock:
            gone = self.objects.pop(path, None)
            if gone:
                self.removed[path] = gone
                self._notify("DELETED", gone)
            return gone

    def _notify(self, kind, value):
        line = json.dumps({"type": kind, "object": value}).encode() + b"\n"
        for watcher in self.watchers:
            watcher.put(line)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are written one after the other: neither may wait for the other's ACK.
    disable_nagle_algorithm = True
    api = None

    def log_message(self, *args):
        pass

    def setup(self):
        with self.api.lock:
            self.api.sockets.add(self.request)
        super().setup()

    def finish(self):
        with self.api.lock:
            self.api.sockets.discard(self.request)
        super().finish()

    def do_GET(self):
        self.handle_request("GET")

    def do_POST(self):
        self.handle_request("POST")

    def do_DELETE(self):
        self.handle_request("DELETE")

    # --- answering -----------------------------------------------------------------------------

    def reply(self, code, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return True

    def begin_stream(self, content_type):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def handle_request(self, method):
        try:
            self.answer(method)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def answer(self, method):
        api = self.api
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.url_path = urllib.parse.unquote(url.path)
        length = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(length)) if length else None
        with api.lock:
            api.requests.append((method, self.url_path, self.query, self.body))
        for wanted, pattern, function in list(api.faults):
            if wanted == method and re.search(pattern, self.path) and function(self):
                return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.reply(401, status(401, "Unauthorized", "Unauthorized"))
        elif self.forbidden(method):
            pass
        elif method == "POST":
            self.post()
        elif method == "DELETE":
            self.delete()
        elif self.query.get("watch") == "true":
            self.watch()
        elif self.url_path.endswith("/log"):
            self.log()
        else:
            self.get()

    def right(self, method):
        """verb, resource, namespace of the request, as RBAC sees it."""
        match = re.match(r"/apis?/(?:[^/]+/)?v1(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?(?:/(log))?$",
                         self.url_path)
        if not match:
            match = re.match(r"/api/v1/(namespaces)/([^/]+)$", self.url_path)
            return f"get namespaces {match[2]}" if match else ""
        namespace, resource, name, sub = match.groups()
        verb = {"POST": "create", "DELETE": "delete"}.get(method) or (
            "watch" if self.query.get("watch") else "get" if name else "list")
        return f"{verb} {resource}{'/' + sub if sub else ''} {namespace or '*'}"

    def forbidden(self, method):
        right = self.right(method)
        if right not in self.api.denied:
            return False
        verb, resource, namespace = right.split()
        return self.reply(403, status(
            403, "Forbidden", f'{resource} is forbidden: User "jane" cannot {verb} resource '
            f'"{resource}" in API group "" in the namespace "{namespace}"'))

    def get(self):
        api = self.api
        path = self.url_path
        with api.lock:
            found = api.objects.get(path)
            if found is not None:
                self.reply(200, found)
                return
            kind = path.rsplit("/", 1)[1]
            if kind in ("pods", "services", "events", "endpointslices", "nodes", "namespaces"):
                self.reply(200, {"kind": "List", "items": self.list(path, kind)})
                return
        name = path.rsplit("/", 1)[1]
        kind = path.rsplit("/", 2)[1]
        self.reply(404, status(404, "NotFound", f'{kind} "{name}" not found'))

    def list(self, path, kind):
        selector = dict(part.split("=", 1) for part in
                        self.query.get("labelSelector", "").split(",") if "=" in part)
        items = []
        for name, value in self.api.objects.items():
            parts = name.split("/")
            inside = name.startswith(path + "/") and len(parts) == len(path.split("/")) + 1
            anywhere = path == f"/api/v1/{kind}" and len(parts) > 3 and parts[-2] == kind
            labels = value["metadata"].get("labels", {})
            if (inside or anywhere) and all(labels.get(k) == v for k, v in selector.items()):
                items.append(value)
        return items

    def post(self):
        api = self.api
        if self.url_path.endswith("/selfsubjectaccessreviews"):
            a = self.body["spec"]["resourceAttributes"]
            sub = "/" + a["subresource"] if a.get("subresource") else ""
            right = f"{a['verb']} {a['resource']}{sub} {a['namespace']}"
            self.reply(201, {"status": {"allowed": right not in api.denied}})
            return
        namespace = self.url_path.rsplit("/", 1)[0]
        if namespace not in api.objects:
            name = namespace.rsplit("/", 1)[1]
            self.reply(404, status(404, "NotFound", f'namespaces "{name}" not found'))
        elif self.query.get("dryRun"):
            self.reply(201, self.body)
        else:
            self.reply(201, api.create(self.url_path, self.body))

    def delete(self):
        gone = self.api.remove(self.url_path)
        if gone is None:
            self.reply(404, status(404, "NotFound", "not found"))
            return
        self.api.deleted.append((gone["metadata"]["name"], (self.body or {}).get("gracePeriodSeconds")))
        self.reply(200, gone)

    def watch(self):
        api = self.api
        events = queue.Queue()
        name = self.query.get("fieldSelector", "").removeprefix("metadata.name=")
        with api.lock:
            current = api.objects.get(f"{self.url_path}/{name}")
            if current is None and f"{self.url_path}/{name}" in api.removed:
                gone = api.removed[f"{self.url_path}/{name}"]
                events.put(json.dumps({"type": "DELETED", "object": gone}).encode() + b"\n")
            elif current and current["metadata"]["resourceVersion"] != self.query.get("resourceVersion"):
                events.put(json.dumps({"type": "MODIFIED", "object": current}).encode() + b"\n")
            api.watchers.append(events)
        self.begin_stream("application/json")
        while not api.stopping.is_set():
            try:
                self.chunk(events.get(timeout=0.05))
            except queue.Empty:
                pass
        self.close_connection = True

    def log(self):
        api = self.api
        path = self.url_path.removesuffix("/log")
        pod = api.objects.get(path)
        if pod is None:
            self.reply(404, status(404, "NotFound", "pod not found"))
            return
        plan = json.loads(base64.b64decode(pod["spec"]["containers"][0]["args"][1]))
        data = api.life.log(plan)
        cut = api.life.cuts.pop(0) if api.life.cuts else None
        self.begin_stream("text/plain")
        for part in [data[:cut] or b"\n"] if isinstance(data, bytes) else data:
            self.chunk(part)
        if api.life.log_status:
            api.set_status(path, api.life.log_status)
        if cut is not None:
            self.request.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")
