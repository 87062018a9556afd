package main

import (
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// serveRaw speaks no protocol: it does with each connection what the options say.
func serveRaw(listener net.Listener, o options) error {
	said, err := unquote(o.say)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			if o.say != "" || o.hangUp {
				connection.Read(make([]byte, 64<<10))
				time.Sleep(o.delay)
				io.WriteString(connection, said)
				return
			}
			io.Copy(io.Discard, connection)
		}()
	}
}

// unquote gives \n and \xff in a flag's value the meaning that they have for Go.
func unquote(text string) (string, error) {
	return strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
}
