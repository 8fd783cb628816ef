// Package local runs commands on the machine the engine runs on.
package local

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"prontuario/toolchain/plugins/command/lifecycle"
)

// Logging says which of the command's streams the user sees.
type Logging string

// Values are what the schema allows.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: "stdout", Description: "Show stdout only"},
		{Name: "stderr", Value: "stderr", Description: "Show stderr only"},
		{Name: "stdoutAndStderr", Value: "stdoutAndStderr", Description: "Show both"},
		{Name: "none", Value: "none", Description: "Show nothing"},
	}
}

// Settings are how a command runs, whichever it is.
type Settings struct {
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// Annotate describes the fields in the schema.
func (s *Settings) Annotate(a infer.Annotator) {
	a.Describe(&s.Interpreter, "The program and arguments the command is given to; /bin/sh -c by default.")
	a.Describe(&s.Dir, "The folder the command runs in; the program's own by default.")
	a.Describe(&s.Environment, "Variables added to the environment.")
	a.Describe(&s.Stdin, "Text for the command's standard input.")
	a.Describe(&s.Logging, "Which streams are shown while the command runs; both by default.")
	a.Describe(&s.AssetPaths, "Globs of files to return as assets; a glob after ! excludes.")
	a.Describe(&s.ArchivePaths, "Globs of files to return as one archive; a glob after ! excludes.")
	a.Describe(&s.AddPreviousOutputInEnv,
		"Whether the last run's output is given in PULUMI_COMMAND_STDOUT and _STDERR; true by default.")
}

// Results are what a command leaves behind.
type Results struct {
	lifecycle.Output
	Assets  *map[string]*types.AssetOrArchive `pulumi:"assets,optional"`
	Archive *resource.Archive                 `pulumi:"archive,optional"`
}
