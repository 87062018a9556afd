#!/usr/bin/python3
"""one_by_one.py ADDRESS PORT SECONDS: an HTTP server that serves one request after the other, each in so much time."""

import http.server
import socket
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(float(sys.argv[3]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.HTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    request_queue_size = 1024


server = Server((sys.argv[1].strip("[]"), int(sys.argv[2])), Handler)
print("ready", flush=True)
server.serve_forever()
