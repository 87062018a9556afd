// Testserver is the workload of the tests and of the demo: an HTTP server that can be made to go wrong in the ways that
// health checks are there to find. It prints a line when it listens and exits with 0 on SIGTERM. `testserver exec` is a
// command for exec probes.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// addresses is a flag that can be given several times.
type addresses []string

func (a *addresses) String() string { return strings.Join(*a, ",") }

func (a *addresses) Set(value string) error {
	*a = append(*a, value)
	return nil
}

// redirects is a flag that can be given several times: locations by path.
type redirects map[string]string

func (r redirects) String() string { return fmt.Sprint(map[string]string(r)) }

func (r redirects) Set(value string) error {
	path, location, found := strings.Cut(value, "=")
	if !found {
		return fmt.Errorf("%q is not PATH=LOCATION", value)
	}
	r[path] = location
	return nil
}

type options struct {
	listen         addresses
	status         int
	redirect       redirects
	size           int
	echo           bool
	stall          bool
	delay          time.Duration
	startDelay     time.Duration
	unhealthyAfter time.Duration
	exitAfter      time.Duration
	termUnhealthy  bool
	neverAccept    bool
	backlog        int
	tls            bool
	http1          bool
	h2c            bool
	grpc           string
	grpcService    string
	mute           bool
	say            string
	hangUp         bool
}

func parse() options {
	o := options{redirect: redirects{}}
	flag.Var(&o.listen, "listen", "address to listen on, as in :8080, 127.0.0.1:8080 or [::]:8080; repeatable")
	flag.IntVar(&o.status, "status", http.StatusOK, "status code of every answer")
	flag.Var(o.redirect, "redirect", "PATH=LOCATION: answer requests for this path with 302 and this location; repeatable")
	flag.IntVar(&o.size, "size", 0, "bytes of every answer's body; 0: a line")
	flag.BoolVar(&o.echo, "echo", false, "the body of every answer is its request")
	flag.BoolVar(&o.stall, "stall", false, "send the headers of an answer and a part of its body, never the rest")
	flag.DurationVar(&o.delay, "delay", 0, "time from a request to its answer, or to the end of the connection with -hang-up")
	flag.DurationVar(&o.startDelay, "start-delay", 0, "time from the start until it listens")
	flag.DurationVar(&o.unhealthyAfter, "unhealthy-after", 0, "time from the start until it answers 500; 0: never")
	flag.DurationVar(&o.exitAfter, "exit-after", 0, "time from the start until it exits with 1; 0: never")
	flag.BoolVar(&o.termUnhealthy, "unhealthy-on-term", false, "on SIGTERM go on, and answer 500 from then on")
	flag.BoolVar(&o.neverAccept, "never-accept", false, "listen, but leave every connection in the queue")
	flag.IntVar(&o.backlog, "backlog", 0, "length of the accept queue; 0: the kernel's maximum")
	flag.BoolVar(&o.tls, "tls", false, "serve HTTPS with a certificate that nobody trusts")
	flag.BoolVar(&o.http1, "http1", false, "with -tls: no HTTP/2")
	flag.BoolVar(&o.h2c, "h2c", false, "serve HTTP/2 without TLS, too")
	flag.StringVar(&o.grpc, "grpc", "", "serve gRPC's health protocol with this answer: "+strings.Join(answers(), ", "))
	flag.StringVar(&o.grpcService, "grpc-service", "", "the service that -grpc answers for besides \"\"")
	flag.BoolVar(&o.mute, "mute", false, "accept connections and send nothing")
	flag.StringVar(&o.say, "say", "", "send this text to every connection, whatever it asks; \\r\\n means what it means to Go")
	flag.BoolVar(&o.hangUp, "hang-up", false, "close every connection after its first bytes")
	flag.Parse()
	if len(o.listen) == 0 {
		o.listen = addresses{":8080"}
	}
	return o
}

// listen opens a listening socket. A second listen(2) gives it the wanted queue, which the net package can't.
func listen(address string, backlog int) (net.Listener, error) {
	control := net.ListenConfig{}
	listener, err := control.Listen(context.Background(), "tcp", address)
	if err != nil || backlog == 0 {
		return listener, err
	}
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		return nil, err
	}
	var listenError error
	err = raw.Control(func(descriptor uintptr) { listenError = syscall.Listen(int(descriptor), backlog) })
	if err != nil {
		return nil, err
	}
	return listener, listenError
}

// health says whether the server is still well.
type health struct {
	until time.Time       // Zero: always.
	told  context.Context // Done: it was told to end.
}

func (h health) lost() bool {
	return h.told.Err() != nil || !h.until.IsZero() && time.Now().After(h.until)
}

// serve starts everything that the options ask for, and returns while it runs.
func serve(running context.Context, o options, h health, failed chan<- error) error {
	server, err := newServer(o, h)
	if err != nil {
		return err
	}
	for _, address := range o.listen {
		listener, err := listen(address, o.backlog)
		if err != nil {
			return err
		}
		log.Printf("listening on %s", listener.Addr())
		switch {
		case o.neverAccept:
			// A listener that nothing refers to would be closed by the garbage collector.
			go func() {
				<-running.Done()
				listener.Close()
			}()
		case o.mute || o.hangUp || o.say != "":
			go func() { failed <- serveRaw(listener, o) }()
		case o.tls:
			go func() { failed <- server.ServeTLS(listener, "", "") }()
		default:
			go func() { failed <- server.Serve(listener) }()
		}
	}
	return nil
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "exec" {
		os.Exit(runExec(os.Args[2:]))
	}
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	o, started := parse(), time.Now()
	ends := []os.Signal{syscall.SIGTERM, syscall.SIGINT}
	told := context.Background()
	if o.termUnhealthy {
		var stop context.CancelFunc
		told, stop = signal.NotifyContext(told, ends[0])
		defer stop()
		ends = ends[1:]
	}
	running, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	h := health{told: told}
	if o.unhealthyAfter > 0 {
		h.until = started.Add(o.unhealthyAfter)
	}
	var exit <-chan time.Time
	if o.exitAfter > 0 {
		exit = time.After(o.exitAfter)
	}
	failed := make(chan error, len(o.listen))
	ready := time.After(o.startDelay)
	for {
		select {
		case <-ready:
			if err := serve(running, o, h, failed); err != nil {
				log.Fatal(err)
			}
		case err := <-failed:
			log.Fatal(err)
		case <-exit:
			log.Fatalf("exiting after %s, as told", o.exitAfter)
		case <-running.Done():
			return
		}
	}
}
