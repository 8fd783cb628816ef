package remote

import (
	"context"
	"fmt"
	"strings"

	pulumi "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"prontuario/toolchain/plugins/command/console"
	"prontuario/toolchain/plugins/command/lifecycle"
)

// Command is command:remote:Command.
type Command struct{}

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

// CommandInputs are the resource's inputs.
type CommandInputs struct {
	lifecycle.Inputs
	Connection             Connection         `pulumi:"connection" provider:"secret"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// CommandState is what the state file keeps.
type CommandState struct {
	CommandInputs
	lifecycle.Output
}

// Annotate describes the resource in the schema.
func (c *Command) Annotate(a infer.Annotator) {
	a.Describe(&c, "A command run on another machine when the resource is created, updated or deleted.")
}

// Annotate describes the fields in the schema.
func (i *CommandInputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Connection, "How to reach the machine.")
	a.Describe(&i.Environment, "Variables for the command; the server's AcceptEnv must allow them.")
	a.Describe(&i.Stdin, "Text for the command's standard input.")
	a.Describe(&i.Logging, "Which streams are shown while the command runs; both by default.")
	a.Describe(&i.AddPreviousOutputInEnv,
		"Whether the last run's output is given in PULUMI_COMMAND_STDOUT and _STDERR; true by default.")
}

// Create runs create, if there is one.
func (Command) Create(
	ctx context.Context, request infer.CreateRequest[CommandInputs],
) (infer.CreateResponse[CommandState], error) {
	response := infer.CreateResponse[CommandState]{Output: CommandState{CommandInputs: request.Inputs}}
	var err error
	if response.ID, err = resource.NewUniqueHex(request.Name, 8, 0); err != nil {
		return response, err
	}
	if request.DryRun || request.Inputs.Create == nil {
		return response, nil
	}
	response.Output.Output, err = request.Inputs.execute(ctx, *request.Inputs.Create, lifecycle.Output{})
	return response, err
}

// Update runs update, else create.
func (Command) Update(
	ctx context.Context, request infer.UpdateRequest[CommandInputs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	response := infer.UpdateResponse[CommandState]{
		Output: CommandState{CommandInputs: request.Inputs, Output: request.State.Output},
	}
	command := request.Inputs.OnUpdate()
	if request.DryRun || command == nil {
		return response, nil
	}
	output, err := request.Inputs.execute(ctx, *command, request.State.Output)
	if err == nil {
		response.Output.Output = output
	}
	return response, err
}

// Delete runs delete, if there is one.
func (Command) Delete(
	ctx context.Context, request infer.DeleteRequest[CommandState],
) (infer.DeleteResponse, error) {
	if request.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	_, err := request.State.execute(ctx, *request.State.Delete, request.State.Output)
	return infer.DeleteResponse{}, err
}

// execute runs one command to its end. previous is what the resource printed last time.
func (i CommandInputs) execute(
	ctx context.Context, command string, previous lifecycle.Output,
) (lifecycle.Output, error) {
	client, err := i.Connection.dial(ctx)
	if err != nil {
		return lifecycle.Output{}, err
	}
	defer client.Close()
	// A cancelled update hangs up, which ends the session on the other side too.
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()

	session, err := client.NewSession()
	if err != nil {
		return lifecycle.Output{}, err
	}
	defer session.Close()
	if err := i.setEnvironment(ctx, session, previous); err != nil {
		return lifecycle.Output{}, err
	}
	if i.Stdin != nil && *i.Stdin != "" {
		session.Stdin = strings.NewReader(*i.Stdin)
	}
	screen := console.New(ctx, console.Shown((*string)(i.Logging)))
	session.Stdout, session.Stderr = screen.Stdout(), screen.Stderr()

	err = session.Run(command)
	stdout, stderr := screen.Close()
	if err != nil {
		return lifecycle.Output{}, screen.Failure(err, command)
	}
	return lifecycle.Output{Stdout: stdout, Stderr: stderr}, nil
}

// What the user asked for must arrive; what we add of our own accord may be refused.
func (i CommandInputs) setEnvironment(
	ctx context.Context, session *ssh.Session, previous lifecycle.Output,
) error {
	const advice = "the server must allow it (AcceptEnv), or write NAME=value before the command"
	for name, value := range or(i.Environment, nil) {
		if err := session.Setenv(name, value); err != nil {
			return fmt.Errorf("could not set environment variable %q: %w: %s", name, err, advice)
		}
	}
	for name, value := range previous.Variables(i.AddPreviousOutputInEnv) {
		if err := session.Setenv(name, value); err != nil {
			pulumi.GetLogger(ctx).Warningf("Unable to set '%s': %s", name, advice)
		}
	}
	return nil
}
