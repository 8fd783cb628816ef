// Terraform's random provider keeps its code in internal/. Go lets a module whose path lies
// below the provider's own import it, so this one is named as if it lay there.
module github.com/terraform-providers/terraform-provider-random/shim

go 1.26
