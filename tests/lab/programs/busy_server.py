#!/usr/bin/python3
"""busy_server.py [--sleep] ADDRESS PORT SECONDS: an HTTP server that serves one request after the other, and computes
for so much CPU time before each answer; with --sleep it takes so much time, and no CPU."""

import http.server
import socket
import sys
import time

SLEEP = sys.argv[1] == "--sleep"
ADDRESS, PORT, SECONDS = sys.argv[2 if SLEEP else 1 :]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if SLEEP:
            time.sleep(float(SECONDS))
        else:
            end = time.process_time() + float(SECONDS)
            while time.process_time() < end:
                pass
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.HTTPServer):
    address_family = socket.AF_INET6 if ":" in ADDRESS else socket.AF_INET
    request_queue_size = 1024  # Bursts wait here.


server = Server((ADDRESS.strip("[]"), int(PORT)), Handler)
print("ready", flush=True)
server.serve_forever()
