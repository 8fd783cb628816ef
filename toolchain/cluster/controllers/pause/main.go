// Command pause holds a pod's namespaces open and buries the processes that its containers leave behind.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

var version = "unknown" // set by the linker

func main() {
	// As upstream's own: before an upgrade, kubeadm lets a pod say this to see whether pods run at all.
	if slices.Contains(os.Args[1:], "-v") {
		fmt.Println("pause", version)
		return
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 && err != syscall.EINTR {
				break
			}
		}
	}
}
