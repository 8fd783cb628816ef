package main

import "syscall"

// endGroup ends a detached child and whatever it started.
func endGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }
