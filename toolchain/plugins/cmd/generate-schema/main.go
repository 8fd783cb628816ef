// generate-schema writes the Pulumi schema of one bridged provider, which its plugin then embeds:
//
//	generate-schema random 4.21.4 cmd/pulumi-resource-random/schema.json
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"

	"prontuario/toolchain/plugins/bridged"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate-schema:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("want PROVIDER VERSION OUTPUT, got %q", args)
	}
	name, version, output := args[0], args[1], args[2]
	provider, known := bridged.Providers[name]
	if !known {
		return fmt.Errorf("no bridged provider is called %q", name)
	}
	generated, err := tfgen.GenerateSchema(context.Background(), tfgen.GenerateSchemaOptions{
		ProviderInfo: provider(version),
		// The documents would be fetched from Terraform's repository; the engine never reads them.
		XInMemoryDocs: true,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(output, generated.ProviderMetadata.PackageSchema, 0o644)
}
