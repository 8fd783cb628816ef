//go:build tools

// Package tools names the programs that this module exists to build; `go mod tidy` keeps what they need.
package tools

import (
	_ "github.com/cloudnative-pg/plugin-barman-cloud/cmd/manager"
)
