// Package remote runs commands and copies files over SSH.
package remote

import (
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Endpoint is one SSH server and how to be let in.
type Endpoint struct {
	Host               string   `pulumi:"host"`
	Port               *float64 `pulumi:"port,optional"`
	User               *string  `pulumi:"user,optional"`
	Password           *string  `pulumi:"password,optional" provider:"secret"`
	PrivateKey         *string  `pulumi:"privateKey,optional" provider:"secret"`
	PrivateKeyPassword *string  `pulumi:"privateKeyPassword,optional" provider:"secret"`
	AgentSocketPath    *string  `pulumi:"agentSocketPath,optional"`
	HostKey            *string  `pulumi:"hostKey,optional"`
	DialErrorLimit     *int     `pulumi:"dialErrorLimit,optional"`
	PerDialTimeout     *int     `pulumi:"perDialTimeout,optional"`
}

// Connection is an endpoint, reached directly or through another one.
type Connection struct {
	Endpoint
	Proxy *ProxyConnection `pulumi:"proxy,optional"`
}

// ProxyConnection is the endpoint in between.
type ProxyConnection struct{ Endpoint }

// Annotate describes the type in the schema.
func (c *Connection) Annotate(a infer.Annotator) {
	a.Describe(&c, "How to reach a machine over SSH.")
	a.Describe(&c.Proxy, "A machine to go through.")
	c.Endpoint.annotate(a)
}

// Annotate describes the type in the schema.
func (c *ProxyConnection) Annotate(a infer.Annotator) {
	a.Describe(&c, "How to reach the machine to go through.")
	c.Endpoint.annotate(a)
}

func (e *Endpoint) annotate(a infer.Annotator) {
	a.Describe(&e.Host, "The machine's address.")
	a.Describe(&e.Port, "The SSH server's port.")
	a.Describe(&e.User, "Who to log in as.")
	a.Describe(&e.Password, "The user's password.")
	a.Describe(&e.PrivateKey, "The user's private key, in PEM.")
	a.Describe(&e.PrivateKeyPassword, "What the private key is encrypted with.")
	a.Describe(&e.AgentSocketPath, "The SSH agent's socket; SSH_AUTH_SOCK by default, if set.")
	a.Describe(&e.HostKey, "The server's public key as in authorized_keys; without it any server is believed.")
	a.Describe(&e.DialErrorLimit, "Failures to forgive before giving up; -1 forgives all.")
	a.Describe(&e.PerDialTimeout, "Seconds for each attempt; 0 waits forever.")
	a.SetDefault(&e.Port, defaultPort)
	a.SetDefault(&e.User, defaultUser)
	a.SetDefault(&e.DialErrorLimit, defaultDialErrorLimit)
	a.SetDefault(&e.PerDialTimeout, defaultPerDialTimeout)
}

const (
	defaultPort           = 22.0
	defaultUser           = "root"
	defaultDialErrorLimit = 10
	defaultPerDialTimeout = 15
	unlimited             = -1
)

// Resources made by old programs may lack what the schema now fills in.
func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
