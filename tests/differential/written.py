"""All written cases."""

import cases_grpc
import cases_http2
import cases_redirects
import cases_requests
import cases_responses
import cases_tcp
import cases_tls
from scripts import Case

GROUPS = {
    "requests": cases_requests.CASES,
    "redirects": cases_redirects.CASES,
    "responses": cases_responses.CASES,
    "tls": cases_tls.CASES,
    "tcp": cases_tcp.CASES,
    "http2": cases_http2.CASES,
    "grpc": cases_grpc.CASES,
}


def every_case() -> list[Case]:
    return [case for cases in GROUPS.values() for case in cases]
