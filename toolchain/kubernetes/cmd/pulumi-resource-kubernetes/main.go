// pulumi-resource-kubernetes is the plugin behind PyPI's pulumi-kubernetes.
//
// Upstream's own main embeds two files its build generates, which its module therefore lacks.
// This one embeds them after cmd/prepare has made them, and calls the same Serve.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	upstream "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

// Set by the linker to the version PyPI's package asks for.
var version string

func main() {
	upstream.Version = version
	provider.Serve("kubernetes", version, schema, terraformMapping)
}
