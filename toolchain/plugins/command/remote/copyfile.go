package remote

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CopyFile is command:remote:CopyFile, which CopyToRemote replaced; it stays because the schema has it.
// It has no Update: any change replaces it, which copies again.
type CopyFile struct{}

// CopyFileInputs are the resource's inputs.
type CopyFileInputs struct {
	Connection Connection `pulumi:"connection" provider:"secret"`
	LocalPath  string     `pulumi:"localPath"`
	RemotePath string     `pulumi:"remotePath"`
	Triggers   *[]any     `pulumi:"triggers,optional"`
}

// CopyFileState is what the state file keeps.
type CopyFileState struct{ CopyFileInputs }

// Annotate describes the resource in the schema.
func (c *CopyFile) Annotate(a infer.Annotator) {
	a.Describe(&c, "A file copied to another machine over SFTP.")
	a.Deprecate(&c, "Use CopyToRemote, which also copies folders and notices changed content.")
}

// Annotate describes the fields in the schema.
func (i *CopyFileInputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Connection, "How to reach the machine.")
	a.Describe(&i.LocalPath, "The file to copy.")
	a.Describe(&i.RemotePath, "Where it goes.")
	a.Describe(&i.Triggers, "Values of any kind; when one changes the file is copied anew.")
}

// Create copies.
func (*CopyFile) Create(
	ctx context.Context, request infer.CreateRequest[CopyFileInputs],
) (infer.CreateResponse[CopyFileState], error) {
	response := infer.CreateResponse[CopyFileState]{Output: CopyFileState{request.Inputs}}
	if request.DryRun {
		return response, nil
	}
	var err error
	if response.ID, err = resource.NewUniqueHex("", 8, 0); err != nil {
		return response, err
	}
	target, err := open(ctx, request.Inputs.Connection)
	if err != nil {
		return response, err
	}
	defer target.Close()
	return response, target.putFile(request.Inputs.LocalPath, request.Inputs.RemotePath)
}
