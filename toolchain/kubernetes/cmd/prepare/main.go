// prepare makes what pulumi-resource-kubernetes is compiled from, beyond its modules:
//
//	prepare 4.25.0
//
// It writes the files the plugin embeds, and fills sdk/ with the part of the Go SDK the provider uses.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want the VERSION the schema announces, got %q", args)
	}
	if err := writeEmbedded("cmd/pulumi-resource-kubernetes", args[0]); err != nil {
		return err
	}
	return slimSDK("sdk")
}
