"""The application of a test pod: HTTP or HTTPS, healthy, slow or failing.

Prints "ready PORT" when it listens. Run inside a network namespace by probe_lab.
"""

import argparse
import http.server
import socket
import ssl
import time


def handler_class(status: int, delay: float) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        server_version = "pod-server"
        sys_version = ""

        def do_GET(self) -> None:
            time.sleep(delay)
            body = b"hello from " + self.path.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_: object) -> None:
        pass  # A client that resets its connection is what a sweep does.


class Server6(Server):
    address_family = socket.AF_INET6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--certificate", default="")
    options = parser.parse_args()
    kind = Server6 if ":" in options.address else Server
    server = kind((options.address, options.port), handler_class(options.status, options.delay))
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("ready", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
