//go:build !linux

package main

import (
	"os/exec"
	"syscall"
)

// detach puts a child out of reach of the interrupt the engine sends to this host's group. No
// Pdeathsig here: a child ends when it finds the engine's connection closed.
func detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
