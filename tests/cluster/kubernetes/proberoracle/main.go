// Command proberoracle answers what kubelet's prober answers, with kubelet's own packages.
//
//	proberoracle --probe '<v1.Probe>' --pod-ip IP [--container '<v1.Container>'] [--repeat N]
//	proberoracle --stdin
//
// It writes one JSON object a line for each attempt. With --stdin it reads requests
// {"probe": {...}, "container": {...}, "podIP": "..."}, one a line, and answers each with one line.
// The probe is taken as it is: the defaults that the API server fills in are the caller's matter.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/probe"
	grpcprobe "k8s.io/kubernetes/pkg/probe/grpc"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
	tcpprobe "k8s.io/kubernetes/pkg/probe/tcp"
)

type request struct {
	Probe     v1.Probe     `json:"probe"`
	Container v1.Container `json:"container"`
	PodIP     string       `json:"podIP"`
}

type answer struct {
	Result string  `json:"result"`
	Output string  `json:"output"`
	Error  string  `json:"error"`
	Millis float64 `json:"ms"`
}

type prober struct {
	http httpprobe.Prober
	tcp  tcpprobe.Prober
	grpc grpcprobe.Prober
}

// newProber makes the probers as newProber of k8s.io/kubernetes/pkg/kubelet/prober does.
func newProber() *prober {
	const followNonLocalRedirects = false
	return &prober{
		http: httpprobe.New(followNonLocalRedirects),
		tcp:  tcpprobe.New(),
		grpc: grpcprobe.New(),
	}
}

// attempt is runProbe of k8s.io/kubernetes/pkg/kubelet/prober, which is not exported.
func (pb *prober) attempt(r *request) (probe.Result, string, error) {
	p := &r.Probe
	timeout := time.Duration(p.TimeoutSeconds) * time.Second
	switch {
	case p.HTTPGet != nil:
		req, err := httpprobe.NewRequestForHTTPGetAction(p.HTTPGet, &r.Container, r.PodIP, "probe")
		if err != nil {
			return probe.Unknown, "", err
		}
		return pb.http.Probe(req, timeout)

	case p.TCPSocket != nil:
		port, err := probe.ResolveContainerPort(p.TCPSocket.Port, &r.Container)
		if err != nil {
			return probe.Unknown, "", err
		}
		host := p.TCPSocket.Host
		if host == "" {
			host = r.PodIP
		}
		return pb.tcp.Probe(host, port, timeout)

	case p.GRPC != nil:
		service := ""
		if p.GRPC.Service != nil {
			service = *p.GRPC.Service
		}
		return pb.grpc.Probe(r.PodIP, service, int(p.GRPC.Port), timeout)

	default:
		return probe.Unknown, "", errors.New("missing probe handler")
	}
}

func (pb *prober) answer(r *request) answer {
	started := time.Now()
	result, output, err := pb.attempt(r)
	got := answer{
		Result: string(result),
		Output: output,
		Millis: float64(time.Since(started).Microseconds()) / 1000,
	}
	if err != nil {
		got.Error = err.Error()
	}
	return got
}

func serve(pb *prober, input io.Reader, output *json.Encoder) error {
	lines := bufio.NewReader(input)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var r request
			if problem := json.Unmarshal(line, &r); problem != nil {
				return fmt.Errorf("not a request: %w", problem)
			}
			if problem := output.Encode(pb.answer(&r)); problem != nil {
				return problem
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func run() error {
	probeText := flag.String("probe", "", "the v1.Probe, as JSON")
	containerText := flag.String("container", "{}", "the v1.Container whose ports have names, as JSON")
	podIP := flag.String("pod-ip", "", "the pod's address")
	repeat := flag.Int("repeat", 1, "number of attempts, one after the other")
	stdin := flag.Bool("stdin", false, "read requests from standard input, one JSON object a line")
	flag.Parse()

	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	pb := newProber()
	if *stdin {
		return serve(pb, os.Stdin, output)
	}
	r := request{PodIP: *podIP}
	if err := json.Unmarshal([]byte(*probeText), &r.Probe); err != nil {
		return fmt.Errorf("--probe: %w", err)
	}
	if err := json.Unmarshal([]byte(*containerText), &r.Container); err != nil {
		return fmt.Errorf("--container: %w", err)
	}
	for range *repeat {
		if err := output.Encode(pb.answer(&r)); err != nil {
			return err
		}
	}
	return nil
}

// The word that a subcommand of netcheck-probe would be is taken too, so that the oracle can stand in for it.
func main() {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		os.Args = append(os.Args[:1], os.Args[2:]...)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "proberoracle:", err)
		os.Exit(2)
	}
}
