// pulumi-resource-command serves the public schema of PyPI's pulumi-command: see ../../COMMAND.md.
package main

import (
	"context"
	"fmt"
	"os"

	"prontuario/toolchain/plugins/command"
)

// Set by the linker to the version PyPI's package asks for.
var version string

func main() {
	provider, err := command.Provider()
	if err == nil {
		err = provider.Run(context.Background(), "command", version)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-command:", err)
		os.Exit(1)
	}
}
