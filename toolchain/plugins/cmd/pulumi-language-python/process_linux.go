package main

import (
	"os/exec"
	"syscall"
)

// detach puts a child out of reach of the interrupt the engine sends to this host's group (Python
// would print it as a KeyboardInterrupt), yet never lets it outlive this host.
func detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
