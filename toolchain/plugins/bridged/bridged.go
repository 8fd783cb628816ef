// Package bridged describes the Terraform providers we serve to Pulumi through its own bridge:
// real providers, real bridge; only the table that names them is ours.
package bridged

import "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"

// Providers lists every bridged provider by its Pulumi name.
var Providers = map[string]func(version string) tfbridge.ProviderInfo{
	"random": Random,
	"tls":    TLS,
}
