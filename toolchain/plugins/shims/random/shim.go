// Package shim hands out Terraform's own random provider, unchanged.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"

	upstream "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// New returns the provider as Terraform would start it.
func New() provider.Provider { return upstream.New() }
