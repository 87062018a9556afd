// Testserver is the workload of the tests and of the demo: an HTTP server that can be made to go wrong in the ways that
// health checks are there to find. It prints a line when it listens and exits with 0 on SIGTERM.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
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

type options struct {
	listen         addresses
	status         int
	delay          time.Duration
	startDelay     time.Duration
	unhealthyAfter time.Duration
	exitAfter      time.Duration
	neverAccept    bool
	backlog        int
	tls            bool
}

func parse() options {
	var o options
	flag.Var(&o.listen, "listen", "address to listen on, as in :8080, 127.0.0.1:8080 or [::]:8080; repeatable")
	flag.IntVar(&o.status, "status", http.StatusOK, "status code of every answer")
	flag.DurationVar(&o.delay, "delay", 0, "time from a request to its answer")
	flag.DurationVar(&o.startDelay, "start-delay", 0, "time from the start until it listens")
	flag.DurationVar(&o.unhealthyAfter, "unhealthy-after", 0, "time from the start until it answers 500; 0: never")
	flag.DurationVar(&o.exitAfter, "exit-after", 0, "time from the start until it exits with 1; 0: never")
	flag.BoolVar(&o.neverAccept, "never-accept", false, "listen, but leave every connection in the queue")
	flag.IntVar(&o.backlog, "backlog", 0, "length of the accept queue; 0: the kernel's maximum")
	flag.BoolVar(&o.tls, "tls", false, "serve HTTPS with a certificate that nobody trusts")
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

func handler(o options, started time.Time) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		select {
		case <-time.After(o.delay):
		case <-request.Context().Done():
			return
		}
		status := o.status
		if o.unhealthyAfter > 0 && time.Since(started) > o.unhealthyAfter {
			status = http.StatusInternalServerError
		}
		response.Header().Set("Content-Type", "text/plain")
		response.WriteHeader(status)
		fmt.Fprintf(response, "%d from %s\n", status, request.Host)
	})
}

// untrusted makes a self-signed certificate.
func untrusted() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "testserver"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}, nil
}

// serve starts everything that the options ask for, and returns while it runs.
func serve(running context.Context, o options, started time.Time, failed chan<- error) error {
	server := &http.Server{Handler: handler(o, started)}
	if o.tls {
		configuration, err := untrusted()
		if err != nil {
			return err
		}
		server.TLSConfig = configuration
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
		case o.tls:
			go func() { failed <- server.ServeTLS(listener, "", "") }()
		default:
			go func() { failed <- server.Serve(listener) }()
		}
	}
	return nil
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	o, started := parse(), time.Now()
	running, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	var exit <-chan time.Time
	if o.exitAfter > 0 {
		exit = time.After(o.exitAfter)
	}
	failed := make(chan error, len(o.listen))
	ready := time.After(o.startDelay)
	for {
		select {
		case <-ready:
			if err := serve(running, o, started, failed); err != nil {
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
