package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Run by the program's own Python: only it knows what is installed there.
//
//go:embed packages.py
var listPackages string

// GetRequiredPackages lists the plugins behind the Pulumi packages the program could import.
func (*languageHost) GetRequiredPackages(
	ctx context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	environment, err := python(request.Info)
	if err != nil {
		return nil, err
	}
	command, err := environment.Command(ctx, "-c", listPackages)
	if err != nil {
		return nil, err
	}
	output, err := command.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = fmt.Errorf("%w\n%s", err, failed.Stderr)
		}
		return nil, fmt.Errorf("listing installed Pulumi packages: %w", err)
	}
	var packages []struct{ Name, Version, Server string }
	if err := json.Unmarshal(output, &packages); err != nil {
		return nil, fmt.Errorf("listing installed Pulumi packages: %w", err)
	}
	response := &pulumirpc.GetRequiredPackagesResponse{}
	for _, found := range packages {
		response.Packages = append(response.Packages, &pulumirpc.PackageDependency{
			Name:    found.Name,
			Kind:    "resource",
			Version: "v" + strings.TrimPrefix(found.Version, "v"),
			Server:  found.Server,
		})
	}
	return response, nil
}

// GetProgramDependencies lists every installed Python package, for `pulumi about`.
func (*languageHost) GetProgramDependencies(
	ctx context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	environment, err := python(request.Info)
	if err != nil {
		return nil, err
	}
	packages, err := environment.ListPackages(ctx, request.TransitiveDependencies)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, found := range packages {
		response.Dependencies = append(response.Dependencies,
			&pulumirpc.DependencyInfo{Name: found.Name, Version: found.Version})
	}
	return response, nil
}
