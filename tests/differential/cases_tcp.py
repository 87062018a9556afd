"""TCP probes: one handshake, and nothing said."""

from scripts import IPV6, Case, Close, Hold, Listener, Reset, Send, tcp_probe

OPEN = (Listener(((Hold(),),)),)
NAMED = {"ports": [{"name": "tcp", "containerPort": "PORT0"}]}

CASES = [
    Case("tcp-open", tcp_probe(), OPEN),
    Case("tcp-open-longer-timeout", tcp_probe(timeout=5), OPEN),
    Case("tcp-server-closes", tcp_probe(), (Listener(((Close(),),)),)),
    Case("tcp-server-resets", tcp_probe(), (Listener(((Reset(),),)),)),
    Case("tcp-server-greets", tcp_probe(), (Listener(((Send(b"220 hello\r\n"), Hold()),)),)),
    Case("tcp-closed", tcp_probe(), (Listener(state="closed"),)),
    Case("tcp-closed-ipv6", tcp_probe(), (Listener(address=IPV6, state="closed"),), pod_address=IPV6),
    Case("tcp-no-answer", tcp_probe(), (Listener(state="full"),)),
    Case("tcp-no-answer-two-seconds", tcp_probe(timeout=2), (Listener(state="full"),)),
    Case("tcp-ipv6", tcp_probe(), (Listener(((Hold(),),), address=IPV6),), pod_address=IPV6),
    Case("tcp-port-by-name", tcp_probe(port="tcp"), OPEN, NAMED),
    Case("tcp-port-as-text", tcp_probe(port="'PORT0'"), OPEN),
    Case("tcp-port-name-missing", tcp_probe(port="web"), OPEN, NAMED),
    Case("tcp-port-zero", tcp_probe(port=0), ()),
    Case("tcp-port-too-high", tcp_probe(port=70000), ()),
    Case("tcp-port-text-too-high", tcp_probe(port="70000"), ()),
    Case("tcp-port-negative-text", tcp_probe(port="-5"), ()),
    Case("tcp-port-name-empty", tcp_probe(port=""), ()),
    Case("tcp-host-field", tcp_probe(host="127.0.0.1"), OPEN, pod_address="127.0.0.9"),
    Case("tcp-host-field-name", tcp_probe(host="localhost"), OPEN, pod_address="127.0.0.9"),
    Case("tcp-host-field-name-closed", tcp_probe(host="localhost"), (Listener(state="closed"),)),
    Case("tcp-host-field-ipv6", tcp_probe(host="::1"), (Listener(((Hold(),),), address=IPV6),)),
    Case("tcp-host-field-bracketed", tcp_probe(host="[::1]"), (Listener(((Hold(),),), address=IPV6),)),
    Case("tcp-host-field-name-bracketed", tcp_probe(host="[localhost]"), OPEN),
    Case("tcp-host-field-with-bracket", tcp_probe(host="a]b"), OPEN),
    Case("tcp-host-field-too-short", tcp_probe(host="127.1"), OPEN),
    Case("tcp-host-field-with-space", tcp_probe(host="local host"), OPEN),
    Case("tcp-ipv4-mapped", tcp_probe(host="::ffff:127.0.0.1"), OPEN),
    Case("tcp-unroutable", tcp_probe(host="255.255.255.255", port=80), ()),
    Case("tcp-unspecified", tcp_probe(host="0.0.0.0"), OPEN),
]
