// pulumi-language-python lets the engine run Python programs, policy packs and component providers.
//
// Upstream's own is in no registry. This one serves the same gRPC contract from the same library for
// virtual environments; what a program meets (pulumi-language-python-exec, which stands beside this
// binary) is upstream's file, untouched.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// How often we ask whether the engine still lives: nobody else stops us when it was killed.
const enginePulse = 10 * time.Second

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-python:", err)
		os.Exit(1)
	}
}

func serve() error {
	// The engine passes these to every language host. -v and -logtostderr are glog's already.
	flag.String("tracing", "", "unused: where traces would go")
	flag.String("root", "", "unused: the project's folder, which every request carries")
	flag.Parse()

	self, err := os.Executable()
	if err != nil {
		return err
	}
	host := &languageHost{
		engine: flag.Arg(0),
		exec:   filepath.Join(filepath.Dir(self), "pulumi-language-python-exec"),
	}
	gone := make(chan bool)
	if host.engine != "" {
		err := rpcutil.Healthcheck(context.Background(), host.engine, enginePulse, func() { close(gone) })
		if err != nil {
			return err
		}
	}
	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: gone,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
	})
	if err != nil {
		return err
	}
	// The engine reads our port from the first line.
	fmt.Println(server.Port)
	return <-server.Done
}
