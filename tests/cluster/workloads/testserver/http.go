package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

func newServer(o options, h health) (*http.Server, error) {
	server := &http.Server{Handler: handler(o, h), Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(!o.http1)
	server.Protocols.SetUnencryptedHTTP2(o.h2c)
	if o.grpc != "" {
		handler, err := grpcHandler(o)
		if err != nil {
			return nil, err
		}
		server.Handler = handler
		server.Protocols.SetUnencryptedHTTP2(true)
	}
	if o.tls {
		configuration, err := untrusted()
		if err != nil {
			return nil, err
		}
		server.TLSConfig = configuration
	}
	return server, nil
}

func handler(o options, h health) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		select {
		case <-time.After(o.delay):
		case <-request.Context().Done():
			return
		}
		status := o.status
		if location, found := o.redirect[request.URL.Path]; found {
			status = http.StatusFound
			response.Header().Set("Location", location)
		}
		if h.lost() {
			status = http.StatusInternalServerError
		}
		body := body(o, status, request)
		response.Header().Set("Content-Type", "text/plain")
		if o.stall {
			response.Header().Set("Content-Length", fmt.Sprint(len(body)+1))
		}
		response.WriteHeader(status)
		fmt.Fprint(response, body)
		if o.stall {
			http.NewResponseController(response).Flush()
			<-request.Context().Done()
		}
	})
}

func body(o options, status int, request *http.Request) string {
	switch {
	case o.echo:
		var text strings.Builder
		fmt.Fprintf(&text, "%s %s %s\nHost: %s\n", request.Method, request.RequestURI, request.Proto, request.Host)
		// Sorted by name.
		request.Header.Write(&text)
		return strings.ReplaceAll(text.String(), "\r", "")
	case o.size > 0:
		return strings.Repeat("0123456789abcde\n", o.size/16+1)[:o.size]
	default:
		return fmt.Sprintf("%d from %s\n", status, request.Host)
	}
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
