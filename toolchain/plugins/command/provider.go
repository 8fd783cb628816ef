// Package command is the provider itself: commands run here or over SSH, and files copied over SSH.
package command

import (
	pulumi "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"prontuario/toolchain/plugins/command/local"
	"prontuario/toolchain/plugins/command/remote"
)

// Provider is the whole plugin, ready to run.
//
// The packages' names are part of the schema: infer makes command:remote:Command of remote.Command.
func Provider() (pulumi.Provider, error) {
	return infer.NewProviderBuilder().
		WithDisplayName("Command").
		WithResources(
			infer.Resource(local.Command{}),
			infer.Resource(remote.Command{}),
			infer.Resource(remote.CopyToRemote{}),
			infer.Resource(&remote.CopyFile{}),
		).
		WithFunctions(infer.Function(local.Run{})).
		Build()
}
