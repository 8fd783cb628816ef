// Command kube-router is upstream's program with one of its three jobs: enforcing NetworkPolicies (--run-firewall).
//
// Its flags are upstream's own, so the same DaemonSet runs upstream's image too. Routing and the service proxy are
// left out: they drag in a BGP daemon and cloud clients that a hospital never runs.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/spf13/pflag"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	config := options.NewKubeRouterConfig()
	config.AddFlags(pflag.CommandLine)
	pflag.Parse()
	if err := run(config); err != nil {
		fmt.Fprintln(os.Stderr, "kube-router:", err)
		os.Exit(1)
	}
}

func run(config *options.KubeRouterConfig) error {
	if !config.RunFirewall || config.RunRouter || config.RunServiceProxy || config.RunLoadBalancer {
		return fmt.Errorf("only the firewall is built in: " +
			"give --run-firewall=true --run-router=false --run-service-proxy=false --run-loadbalancer=false")
	}
	// Without a kubeconfig: the pod's own service account.
	settings, err := clientcmd.BuildConfigFromFlags(config.Master, config.Kubeconfig)
	if err != nil {
		return err
	}
	settings.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(settings)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	iptables, ipsets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return err
	}
	var sets sync.Mutex
	controller, err := netpol.NewNetworkPolicyController(
		client, config, pods, policies, namespaces, &sets, nil, iptables, ipsets)
	if err != nil {
		return err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:       controller.PodEventHandler,
		namespaces: controller.NamespaceEventHandler,
		policies:   controller.NetworkPolicyEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	health, err := healthcheck.NewHealthController(config)
	if err != nil {
		return err
	}

	stop := make(chan struct{})
	beats := make(chan *healthcheck.ControllerHeartbeat, 10)
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	health.SetAlive()
	var running sync.WaitGroup
	running.Add(3)
	go health.RunServer(stop, &running)
	go health.RunCheck(beats, stop, &running)
	go controller.Run(beats, stop, &running)

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
	close(stop)
	running.Wait()
	// The rules stay: a machine whose controller is being replaced goes on enforcing what it knew.
	return nil
}
