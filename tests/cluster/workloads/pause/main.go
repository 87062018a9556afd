// Pause does nothing until it is told to stop. It is the first process of every pod sandbox, which keeps the pod's
// namespaces alive, and of every host of the embedded cluster. As process 1 it also has to collect orphans.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for {
		collectOrphans()
		if received := <-signals; received != syscall.SIGCHLD {
			return
		}
	}
}

// collectOrphans waits for every child that has ended. One signal may stand for several of them.
func collectOrphans() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 {
			return
		}
	}
}
