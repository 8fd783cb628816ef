package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"

	"prontuario/toolchain/plugins/command/lifecycle"
)

// Run is command:local:run, a function: it runs at every preview and every update.
type Run struct{}

// RunInputs are its arguments.
type RunInputs struct {
	Settings
	Command string `pulumi:"command"`
}

// RunResults are what it returns.
type RunResults struct {
	RunInputs
	Results
}

// Annotate describes the function in the schema.
func (r *Run) Annotate(a infer.Annotator) {
	a.Describe(&r, "A command run on this machine at every preview and every update.")
}

// Annotate describes the fields in the schema.
func (r *RunInputs) Annotate(a infer.Annotator) {
	a.Describe(&r.Command, "The command to run.")
}

// Invoke runs the command.
func (Run) Invoke(
	ctx context.Context, request infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunResults], error) {
	results, err := execute(ctx, request.Input.Command, request.Input.Settings, lifecycle.Output{})
	return infer.FunctionResponse[RunResults]{
		Output: RunResults{RunInputs: request.Input, Results: results},
	}, err
}
