package local

import (
	"context"
	"os"
	"os/exec"
	"strings"

	"prontuario/toolchain/plugins/command/console"
	"prontuario/toolchain/plugins/command/lifecycle"
)

// execute runs one command to its end. previous is what the resource printed last time.
func execute(
	ctx context.Context, command string, settings Settings, previous lifecycle.Output,
) (Results, error) {
	argv := []string{"/bin/sh", "-c"}
	if settings.Interpreter != nil && len(*settings.Interpreter) > 0 {
		argv = append([]string{}, *settings.Interpreter...)
	}
	argv = append(argv, command)
	process := exec.CommandContext(ctx, argv[0], argv[1:]...)

	process.Env = os.Environ()
	if settings.Environment != nil {
		process.Env = extended(process.Env, *settings.Environment)
	}
	process.Env = extended(process.Env, previous.Variables(settings.AddPreviousOutputInEnv))
	if settings.Dir != nil {
		process.Dir = *settings.Dir
	}
	if settings.Stdin != nil && *settings.Stdin != "" {
		process.Stdin = strings.NewReader(*settings.Stdin)
	}
	screen := console.New(ctx, console.Shown((*string)(settings.Logging)))
	process.Stdout, process.Stderr = screen.Stdout(), screen.Stderr()

	err := process.Run()
	stdout, stderr := screen.Close()
	if err != nil {
		return Results{}, screen.Failure(err, command)
	}
	results := Results{Output: lifecycle.Output{Stdout: stdout, Stderr: stderr}}
	return results, gather(&results, settings)
}

func extended(environment []string, variables map[string]string) []string {
	for name, value := range variables {
		environment = append(environment, name+"="+value)
	}
	return environment
}
