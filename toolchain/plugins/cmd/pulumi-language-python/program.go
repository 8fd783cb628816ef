package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// A program that failed and has already told the user why ends with this status.
const alreadyTold = 32

// Run runs the user's program to its end.
func (h *languageHost) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	environment, err := python(request.Info)
	if err != nil {
		return nil, err
	}
	if err := environment.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	command, err := h.program(ctx, environment, request)
	if err != nil {
		return nil, err
	}
	detach(command)
	// Pdeathsig watches the thread that started the child: keep it until the child ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = command.Run()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &failed) && failed.ExitCode() == alreadyTold:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: "Program exited: " + err.Error()}, nil
	}
}

func (h *languageHost) program(
	ctx context.Context, environment toolchain.Toolchain, request *pulumirpc.RunRequest,
) (*exec.Cmd, error) {
	arguments := []string{"-u", h.exec}
	for _, option := range [][2]string{
		{"--monitor", request.MonitorAddress},
		{"--engine", h.engine},
		{"--project", request.Project},
		{"--root_directory", request.Info.RootDirectory},
		{"--stack", request.Stack},
		{"--pwd", request.Pwd},
		{"--organization", request.Organization},
		{"--dry_run", strconv.FormatBool(request.DryRun)},
		{"--parallel", strconv.Itoa(int(request.Parallel))},
	} {
		if option[1] != "" {
			arguments = append(arguments, option[0], option[1])
		}
	}
	arguments = append(arguments, filepath.Join(request.Info.ProgramDirectory, request.Info.EntryPoint))
	command, err := environment.Command(ctx, append(arguments, request.Args...)...)
	if err != nil {
		return nil, err
	}
	config, err := object(request.Config)
	if err != nil {
		return nil, err
	}
	secrets, err := list(request.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	if command.Env == nil {
		command.Env = os.Environ()
	}
	// In the environment, not among the arguments: those are every user's to read.
	command.Env = append(command.Env, "PULUMI_CONFIG="+config, "PULUMI_CONFIG_SECRET_KEYS="+secrets)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return command, nil
}

// The program reads nothing as {} and [], but not Go's null.
func object(values map[string]string) (string, error) {
	if len(values) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(values)
	return string(text), err
}

func list(values []string) (string, error) {
	if len(values) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(values)
	return string(text), err
}
