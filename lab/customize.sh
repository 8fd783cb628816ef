#!/bin/sh
# Turns a bare Debian root into a machine of the hospital. $1: the root. Runs once per image.
set -eu
root=$1

chroot "$root" useradd --create-home --shell /bin/bash --groups sudo --password '*' admin
echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/admin"
chmod 0440 "$root/etc/sudoers.d/admin"
install -d -m 0700 -o 1000 -g 1000 "$root/home/admin/.ssh"

# Every machine brings its own host key; a deployment opens many connections at once.
rm -f "$root"/etc/ssh/ssh_host_*
cat > "$root/etc/ssh/sshd_config.d/10-hospital.conf" <<'EOF'
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers admin
UseDNS no
MaxStartups 100
MaxSessions 50
EOF

# Components enable what a machine serves; nothing here starts by having been installed.
for unit in containerd haproxy keepalived nftables prometheus-node-exporter; do
    chroot "$root" systemctl disable "$unit.service"
done
chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer console-getty.service getty@.service \
    systemd-networkd.service systemd-networkd-wait-online.service systemd-resolved.service \
    systemd-logind.service systemd-ask-password-wall.path systemd-ask-password-console.path
chroot "$root" systemctl set-default multi-user.target

# A machine here shares its kernel with the computer it runs on. Containers need control groups they can write
# (a mount of its own for each hierarchy of version 1), and the kubelet wants kernel settings that are not ours
# to change: it finds them in files that this machine alone sees, so it writes nothing.
install -D -m 0755 /dev/stdin "$root/usr/local/lib/lab/shared-kernel" <<'EOF'
#!/bin/sh
set -eu
for hierarchy in /sys/fs/cgroup/*/tasks; do
    [ ! -e "$hierarchy" ] || mount -o remount,rw,bind "${hierarchy%/tasks}"
done
mkdir -p /run/shared-kernel
while read -r setting value; do
    file=/run/shared-kernel/$(echo "$setting" | tr / .)
    echo "$value" > "$file"
    mount --bind "$file" "/proc/sys/$setting"
done <<SETTINGS
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
SETTINGS
EOF
cat > "$root/etc/systemd/system/shared-kernel.service" <<'EOF'
[Unit]
Description=Containers on a kernel that belongs to somebody else
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/lab/shared-kernel

[Install]
WantedBy=sysinit.target
EOF
chroot "$root" systemctl enable shared-kernel.service

# The journal outlives a power cut, within bounds.
mkdir -p "$root/var/log/journal" "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nSystemMaxUse=64M\nSyncIntervalSec=1s\n' > "$root/etc/systemd/journald.conf.d/10-hospital.conf"

# Nothing of the computer that built it: no archive, no identity, no logs.
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root/etc/apt/apt.conf.d/99mmdebstrap" \
    "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/apt "$root"/var/log/*.log \
    "$root/var/lib/dbus/machine-id" "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/*
: > "$root/etc/machine-id"
: > "$root/etc/resolv.conf"
echo localhost > "$root/etc/hostname"
echo 'LANG=C.UTF-8' > "$root/etc/default/locale"
