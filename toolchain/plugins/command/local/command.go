package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"prontuario/toolchain/plugins/command/lifecycle"
)

// Command is command:local:Command.
type Command struct{}

// CommandInputs are the resource's inputs.
type CommandInputs struct {
	lifecycle.Inputs
	Settings
}

// CommandState is what the state file keeps.
type CommandState struct {
	CommandInputs
	Results
}

// Annotate describes the resource in the schema.
func (c *Command) Annotate(a infer.Annotator) {
	a.Describe(&c, "A command run on this machine when the resource is created, updated or deleted.")
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
	response.Output.Results, err = execute(
		ctx, *request.Inputs.Create, request.Inputs.Settings, lifecycle.Output{})
	return response, err
}

// Update runs update, else create.
func (Command) Update(
	ctx context.Context, request infer.UpdateRequest[CommandInputs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	response := infer.UpdateResponse[CommandState]{
		Output: CommandState{CommandInputs: request.Inputs, Results: request.State.Results},
	}
	command := request.Inputs.OnUpdate()
	if request.DryRun || command == nil {
		return response, nil
	}
	results, err := execute(ctx, *command, request.Inputs.Settings, request.State.Output)
	if err == nil {
		response.Output.Results = results
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
	_, err := execute(ctx, *request.State.Delete, request.State.Settings, request.State.Output)
	return infer.DeleteResponse{}, err
}
