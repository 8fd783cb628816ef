package remote

import (
	"context"
	"fmt"
	"net"
	"time"

	pulumi "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

// Waits between attempts grow by half, so that a machine still booting is neither missed nor pestered.
const (
	firstWait   = 100 * time.Millisecond
	longestWait = 5 * time.Second
)

type dialer func(ctx context.Context, address string) (net.Conn, error)

// dial logs in, through the proxy if there is one. Closing the client closes the proxy's too.
func (c Connection) dial(ctx context.Context) (*ssh.Client, error) {
	if c.Proxy == nil {
		return c.Endpoint.logIn(ctx, "Dial", directly)
	}
	proxy, err := c.Proxy.Endpoint.logIn(ctx, "Dial proxy", directly)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	client, err := c.Endpoint.logIn(ctx, "Dial from proxy", func(ctx context.Context, address string) (net.Conn, error) {
		return proxy.DialContext(ctx, "tcp", address)
	})
	if err != nil {
		proxy.Close()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	go func() {
		client.Wait()
		proxy.Close()
	}()
	return client, nil
}

func directly(ctx context.Context, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

// logIn tries until it is let in, the limit of failures is passed, or the engine gives up.
func (e Endpoint) logIn(ctx context.Context, what string, reach dialer) (*ssh.Client, error) {
	config, agent, err := e.configuration()
	if err != nil {
		return nil, err
	}
	defer agent.Close()
	limit := or(e.DialErrorLimit, defaultDialErrorLimit)
	wait := firstWait
	for failures := 1; ; failures++ {
		client, err := e.attempt(ctx, config, reach)
		if err == nil {
			return client, nil
		}
		if limit > unlimited && failures > limit {
			return nil, fmt.Errorf("after %d failed attempts: %w", failures, err)
		}
		pulumi.GetLogger(ctx).InfoStatusf("%s %d/%s failed: retrying", what, failures, counted(limit))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		wait = min(wait*3/2, longestWait)
	}
}

func counted(limit int) string {
	if limit <= unlimited {
		return "inf"
	}
	return fmt.Sprint(limit)
}

// attempt is one try: the timeout covers reaching the server and the whole of the SSH greeting, or
// a server that accepts and then says nothing would hold the engine forever.
func (e Endpoint) attempt(ctx context.Context, config *ssh.ClientConfig, reach dialer) (*ssh.Client, error) {
	if timeout := e.timeout(); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	connection, err := reach(ctx, e.address())
	if err != nil {
		return nil, err
	}
	// Not a deadline on the connection: one that runs through a proxy knows none.
	greeted := context.AfterFunc(ctx, func() { connection.Close() })
	inner, channels, requests, err := ssh.NewClientConn(connection, e.address(), config)
	if !greeted() {
		err = fmt.Errorf("ssh: no greeting from %s within %s: %w", e.address(), e.timeout(), ctx.Err())
	}
	if err != nil {
		connection.Close()
		return nil, err
	}
	return ssh.NewClient(inner, channels, requests), nil
}
