package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// RunPlugin starts a plugin written in Python: a policy pack (an "analyzer") or a component provider.
func (*languageHost) RunPlugin(
	request *pulumirpc.RunPluginRequest, stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse],
) error {
	environment, err := python(request.Info)
	if err != nil {
		return err
	}
	var command *exec.Cmd
	if request.Kind == "analyzer" {
		pack := filepath.Join(request.Info.ProgramDirectory, request.Info.EntryPoint)
		arguments := append(append([]string{}, request.Args...), pack)
		command, err = environment.ModuleCommand(stream.Context(), "pulumi.policy", arguments...)
	} else {
		arguments := append([]string{"-u", request.Info.ProgramDirectory}, request.Args...)
		command, err = environment.Command(stream.Context(), arguments...)
	}
	if err != nil {
		return err
	}
	command.Dir = request.Pwd
	command.Env = append(append(os.Environ(), "PYTHONUNBUFFERED=1"), request.Env...)
	detach(command)
	command.Cancel = func() error { return endGroup(command.Process.Pid) }

	var sending sync.Mutex
	command.Stdout = writer(func(data []byte) error {
		sending.Lock()
		defer sending.Unlock()
		return stream.Send(&pulumirpc.RunPluginResponse{
			Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: data}})
	})
	command.Stderr = writer(func(data []byte) error {
		sending.Lock()
		defer sending.Unlock()
		return stream.Send(&pulumirpc.RunPluginResponse{
			Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: data}})
	})
	// Pdeathsig watches the thread that started the child: keep it until the child ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	status := 0
	if err := command.Run(); err != nil {
		var failed *exec.ExitError
		if !errors.As(err, &failed) {
			return err
		}
		status = failed.ExitCode()
	}
	return stream.Send(&pulumirpc.RunPluginResponse{
		Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(status)}})
}

// writer sends a copy of what it is given: the caller goes on using its buffer.
type writer func(data []byte) error

func (w writer) Write(data []byte) (int, error) {
	return len(data), w(append([]byte(nil), data...))
}
