// Package lifecycle is what local and remote commands have in common: which command runs when,
// and what the next one is told about the last one's output.
package lifecycle

import "github.com/pulumi/pulumi-go-provider/infer"

// Inputs say what to run at each step of a resource's life.
type Inputs struct {
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// Annotate describes the fields in the schema.
func (i *Inputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Create, "The command that creates the resource.")
	a.Describe(&i.Update, "The command for changed inputs; without one, create runs again.")
	a.Describe(&i.Delete, "The command that deletes the resource.")
	a.Describe(&i.Triggers, "Values of any kind; when one changes the resource is replaced.")
}

// OnUpdate is the command for changed inputs: update's, else create's, else none.
func (i Inputs) OnUpdate() *string {
	if i.Update != nil {
		return i.Update
	}
	return i.Create
}

// Output is what a command printed, each without its last newline.
type Output struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Variables tell the next command what this one printed; nothing printed, nothing told.
// wanted is the resource's addPreviousOutputInEnv, which defaults to true.
func (o Output) Variables(wanted *bool) map[string]string {
	variables := map[string]string{}
	if wanted != nil && !*wanted {
		return variables
	}
	if o.Stdout != "" {
		variables["PULUMI_COMMAND_STDOUT"] = o.Stdout
	}
	if o.Stderr != "" {
		variables["PULUMI_COMMAND_STDERR"] = o.Stderr
	}
	return variables
}
