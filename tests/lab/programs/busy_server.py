#!/usr/bin/python3
"""busy_server.py ADDRESS PORT SECONDS: an HTTP server that computes for so much CPU time before each answer."""

import http.server
import socket
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        end = time.process_time() + float(sys.argv[3])
        while time.process_time() < end:
            pass
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.HTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    request_queue_size = 128


server = Server((sys.argv[1].strip("[]"), int(sys.argv[2])), Handler)
print("ready", flush=True)
server.serve_forever()
