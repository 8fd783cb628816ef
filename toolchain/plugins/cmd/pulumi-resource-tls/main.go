// pulumi-resource-tls is the plugin behind PyPI's pulumi-tls.
package main

import (
	"context"
	_ "embed"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"prontuario/toolchain/plugins/bridged"
)

// Written by cmd/generate-schema just before this is compiled; never committed.
//
//go:embed schema.json
var schema []byte

// Set by the linker to the version PyPI's package asks for.
var version string

func main() {
	pf.Main(context.Background(), "tls", bridged.TLS(version), pf.ProviderMetadata{PackageSchema: schema})
}
