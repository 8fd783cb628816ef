// Here the Kubernetes SDK is not replaced, so that ../cmd/prepare can fetch the real one, verified.
module prontuario/toolchain/kubernetes/upstream

go 1.26

require github.com/pulumi/pulumi-kubernetes/sdk/v4 v4.25.0
