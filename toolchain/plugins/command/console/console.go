// Package console keeps what a command prints, and shows it to the user while it runs.
package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	pulumi "github.com/pulumi/pulumi-go-provider"
)

// A line longer than this is shown in pieces: the whole of it is kept all the same.
const longestShown = 64 * 1024

// Show says which streams the user sees.
type Show struct{ Stdout, Stderr bool }

// Shown reads the schema's logging value; none given shows both.
func Shown(logging *string) Show {
	if logging == nil {
		return Show{Stdout: true, Stderr: true}
	}
	return Show{
		Stdout: *logging == "stdout" || *logging == "stdoutAndStderr",
		Stderr: *logging == "stderr" || *logging == "stdoutAndStderr",
	}
}

// Console is one command's two streams.
type Console struct {
	stdout, stderr stream
	mutex          sync.Mutex
	both           bytes.Buffer
	show           func(line string)
}

type stream struct {
	console *Console
	shown   bool
	all     bytes.Buffer
	pending []byte
}

// New starts a console whose lines go to the engine's log for the resource of this context.
func New(ctx context.Context, show Show) *Console {
	c := &Console{show: pulumi.GetLogger(ctx).InfoStatus}
	c.stdout = stream{console: c, shown: show.Stdout}
	c.stderr = stream{console: c, shown: show.Stderr}
	return c
}

// Stdout takes what the command prints.
func (c *Console) Stdout() io.Writer { return &c.stdout }

// Stderr takes what the command complains about.
func (c *Console) Stderr() io.Writer { return &c.stderr }

// Write keeps the bytes and shows the lines they complete.
func (s *stream) Write(data []byte) (int, error) {
	// Both streams are copied at once and meet in the engine's log and in `both`.
	s.console.mutex.Lock()
	defer s.console.mutex.Unlock()
	s.all.Write(data)
	s.console.both.Write(data)
	if !s.shown {
		return len(data), nil
	}
	s.pending = append(s.pending, data...)
	for {
		end := bytes.IndexByte(s.pending, '\n')
		switch {
		case end >= 0:
			s.console.show(string(bytes.TrimSuffix(s.pending[:end], []byte("\r"))))
			s.pending = s.pending[end+1:]
		case len(s.pending) >= longestShown:
			s.flush()
			return len(data), nil
		default:
			return len(data), nil
		}
	}
}

func (s *stream) flush() {
	if len(s.pending) > 0 {
		s.console.show(string(s.pending))
		s.pending = nil
	}
}

// Close shows what never got its newline and returns both streams, each without its last one.
func (c *Console) Close() (stdout, stderr string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.stdout.flush()
	c.stderr.flush()
	return strings.TrimSuffix(c.stdout.all.String(), "\n"), strings.TrimSuffix(c.stderr.all.String(), "\n")
}

// Failure tells why the command failed, with everything it printed in the order it came.
func (c *Console) Failure(err error, command string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return fmt.Errorf("%w: running %q:\n%s", err, command, c.both.String())
}
