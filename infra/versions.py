"""Every version and package name this project pins outside requirements.txt."""

DEBIAN_RELEASE = "bookworm"

MACHINE_PACKAGES: tuple[str, ...] = (
    # a machine that boots and can be reached
    "systemd",
    "systemd-sysv",
    "systemd-timesyncd",
    "dbus",
    "openssh-server",
    "sudo",
    # the edge: load balancer, floating address, firewall
    "haproxy",
    "keepalived",
    "nftables",
    # what watches it
    "prometheus-node-exporter",
    # what runs the services
    "python3",
    # what runs the cluster's containers
    "containerd",
    "containernetworking-plugins",
    "runc",
    # what people and components use on it
    "ca-certificates",
    "curl",
    "iproute2",
    "iputils-ping",
    "openssl",
    "procps",
)
