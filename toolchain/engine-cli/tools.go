//go:build tools

// Package tools keeps `go mod tidy` from dropping the one program this module exists to build.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
