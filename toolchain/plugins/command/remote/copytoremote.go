package remote

import (
	"context"
	"errors"

	pulumi "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CopyToRemote is command:remote:CopyToRemote.
type CopyToRemote struct{}

// CopyToRemoteInputs are the resource's inputs.
type CopyToRemoteInputs struct {
	Connection Connection           `pulumi:"connection" provider:"secret"`
	Source     types.AssetOrArchive `pulumi:"source"`
	RemotePath string               `pulumi:"remotePath"`
	Triggers   *[]any               `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// CopyToRemoteState is what the state file keeps.
type CopyToRemoteState struct{ CopyToRemoteInputs }

// Annotate describes the resource in the schema.
func (c *CopyToRemote) Annotate(a infer.Annotator) {
	a.Describe(&c, "A file or folder copied to another machine over SFTP. Deleting leaves the copy there.")
}

// Annotate describes the fields in the schema.
func (i *CopyToRemoteInputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Connection, "How to reach the machine.")
	a.Describe(&i.Source, "A FileAsset, a StringAsset, or a FileArchive (a folder, or a file copied unopened).")
	a.Describe(&i.RemotePath, "Where it goes; into it, if it is a folder there already.")
	a.Describe(&i.Triggers, "Values of any kind; when one changes the file is copied anew.")
}

func (i CopyToRemoteInputs) hash() string {
	if i.Source.Archive != nil {
		return i.Source.Archive.Hash
	}
	return i.Source.Asset.Hash
}

// Check refuses sources that cannot be copied before anything is touched.
func (CopyToRemote) Check(
	ctx context.Context, request infer.CheckRequest,
) (infer.CheckResponse[CopyToRemoteInputs], error) {
	inputs, failures, err := infer.DefaultCheck[CopyToRemoteInputs](ctx, request.NewInputs)
	if err != nil {
		return infer.CheckResponse[CopyToRemoteInputs]{Inputs: inputs, Failures: failures}, err
	}
	asset, archive := inputs.Source.Asset, inputs.Source.Archive
	refuse := func(property, reason string) {
		failures = append(failures, pulumi.CheckFailure{Property: property, Reason: reason})
	}
	switch {
	case asset != nil && archive != nil:
		refuse("asset", "only one of asset or archive can be set")
	case asset != nil && !asset.IsPath() && !asset.IsText():
		refuse("asset", "asset must be a path-based file asset or a text asset")
	case archive != nil && !archive.IsPath():
		refuse("archive", "archive must be a path to a file or directory")
	case asset == nil && archive == nil:
		refuse("asset", "either asset or archive must be set")
	}
	return infer.CheckResponse[CopyToRemoteInputs]{Inputs: inputs, Failures: failures}, nil
}

// Create copies.
func (CopyToRemote) Create(
	ctx context.Context, request infer.CreateRequest[CopyToRemoteInputs],
) (infer.CreateResponse[CopyToRemoteState], error) {
	response := infer.CreateResponse[CopyToRemoteState]{Output: CopyToRemoteState{request.Inputs}}
	if request.DryRun {
		return response, nil
	}
	var err error
	if response.ID, err = resource.NewUniqueHex("", 8, 0); err != nil {
		return response, err
	}
	return response, request.Inputs.copy(ctx)
}

// Update copies again when the content or the place changed; a new password alone moves nothing.
func (CopyToRemote) Update(
	ctx context.Context, request infer.UpdateRequest[CopyToRemoteInputs, CopyToRemoteState],
) (infer.UpdateResponse[CopyToRemoteState], error) {
	response := infer.UpdateResponse[CopyToRemoteState]{Output: CopyToRemoteState{request.Inputs}}
	same := request.Inputs.hash() == request.State.hash() && request.Inputs.RemotePath == request.State.RemotePath
	if request.DryRun || same {
		return response, nil
	}
	return response, request.Inputs.copy(ctx)
}

func (i CopyToRemoteInputs) copy(ctx context.Context) error {
	target, err := open(ctx, i.Connection)
	if err != nil {
		return err
	}
	defer target.Close()
	switch asset := i.Source.Asset; {
	case asset != nil && asset.IsText():
		return target.putText(asset.Text, i.RemotePath)
	case asset != nil:
		return target.put(asset.Path, i.RemotePath)
	case i.Source.Archive != nil:
		return target.put(i.Source.Archive.Path, i.RemotePath)
	}
	return errors.New("nothing to copy")
}
