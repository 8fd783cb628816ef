//go:build tools

// Package tools names the programs that this module exists to build; `go mod tidy` keeps what they need.
package tools

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/server/v3"
)
