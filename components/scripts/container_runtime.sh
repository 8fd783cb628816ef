# What components/container_runtime.py does on a machine, with upload.sh before it. Standard input of the first two is
# the papers with which an archive is judged, packed: name -> text.
waiting=/var/cache/prontuario-bundle       # root's alone: nobody changes an archive between its judgement and its use
mark=/var/lib/containerd/prontuario-bundle # which bundle is imported, then its programs; it goes with the images
programs=/usr/local/bin
node=prontuario.internal/node # the image that carries the machine's own programs
mounted=/run/prontuario-node

# about WHAT: the functions below are about another archive than the machine's own.
about() {
    waiting=/var/cache/prontuario-$1
    mark=/var/lib/containerd/prontuario-$1
}

# look_at_bundle INCOMING DIGEST BYTES: before the copy.
look_at_bundle() {
    incoming=$(incoming_file "$1")
    papers_arrive
    judge --list
    if holds "$2"; then
        rm -rf "$incoming" "$waiting"
        echo held
        return 0
    fi
    # Itself, content and snapshots in containerd, programs: a compressed archive grows to seven times its size.
    make_room "$1" $(($3 * 7)) "$mark"
    rm -rf "$waiting"
    echo wanted
}

# take_bundle INCOMING COPY DIGEST: after the copy.
take_bundle() {
    incoming=$(incoming_file "$1")
    again="pulumi up --replace '**::$2'"
    if holds "$3"; then
        rm -rf "$incoming" "$waiting"
        return 0
    fi
    papers_arrive
    if [ -f "$incoming" ]; then
        mv -fT "$incoming" "$waiting/images.tar" || {
            rm -rf "$waiting"
            die "cannot move the bundle to $waiting: free some space, then $again"
        }
    fi
    [ -f "$waiting/images.tar" ] || die "the bundle's archive is no longer there: $again"
    chown root:root "$waiting/images.tar"
    chmod 0600 "$waiting/images.tar"
    judge
    # Not restarted: containers that run do not notice.
    systemctl start containerd
    ctr --namespace k8s.io images import "$waiting/images.tar" >/dev/null ||
        die "containerd did not take the images (its reason above): correct that and run again"
    hold_what_was_signed
    install_programs
    { echo "$3" && cat "$waiting/programs"; } >"$mark.new"
    sync "$mark.new"
    mv -fT "$mark.new" "$mark"
    rm -rf "$waiting"
}

papers_arrive() {
    mkdir -p "$waiting"
    chmod 0700 "$waiting"
    python3 -I -c 'if True:
        import base64, json, pathlib, sys, zlib
        for name, text in json.loads(zlib.decompress(base64.b64decode(sys.stdin.read()))).items():
            pathlib.Path(sys.argv[1], name).write_text(text)' "$waiting"
}

# judge [--list]: nothing of the machine has changed yet.
judge() {
    python3 -I "$waiting/verify.py" "$@" "$waiting" "$waiting/signers" "$(dpkg --print-architecture)" \
        >"$waiting/images" 2>"$waiting/refusal" || {
        refusal=$(tail -n 1 "$waiting/refusal" |
            sed "s|$waiting/signers|bundle.signers of the stack file|; s|$waiting/||; s|$waiting: ||")
        rm -rf "$waiting"
        die "this bundle is refused and nothing was changed: $refusal${again:+; to send it again: $again}"
    }
}

# holds DIGEST: this very bundle is imported, and its programs are still there.
holds() {
    [ "$(head -n 1 "$mark" 2>/dev/null)" = "$1" ] || return 1
    sed 1d "$mark" | (while read -r program; do [ -x "$programs/$program" ] || exit 1; done)
}

# containerd is asked what it holds: its reading of an archive counts, not ours.
hold_what_was_signed() {
    ctr --namespace k8s.io images list | awk '{ print $1, $3 }' >"$waiting/held"
    while read -r name digest _; do
        grep -Fqx "$name $digest" "$waiting/held" ||
            die "containerd does not hold $name as it was signed ($digest): journalctl -u containerd"
    done <"$waiting/images"
}

install_programs() {
    carrier=$(awk -v node="$node:" 'index($1, node) == 1 { print $1 }' "$waiting/images")
    : >"$waiting/programs"
    [ -n "$carrier" ] || return 0
    leave_carrier
    mkdir -p "$mounted"
    ctr --namespace k8s.io images mount "$carrier" "$mounted" >/dev/null
    for program in "$mounted/usr/local/bin/"*; do
        name=$(basename "$program")
        # Moved into place whole; a process that runs keeps the one it was started from.
        install -m 0755 "$program" "$programs/.prontuario.$name"
        sync "$programs/.prontuario.$name"
        mv -fT "$programs/.prontuario.$name" "$programs/$name"
        echo "$name" >>"$waiting/programs"
    done
    leave_carrier
    # All names of it: Kubernetes' part of containerd gave it another. It would be kept twice for nothing.
    ctr --namespace k8s.io images list | awk -v name="$carrier" '
        { names[$3] = names[$3] " " $1; if ($1 == name) digest = $3 }
        END { print names[digest] }' | xargs ctr --namespace k8s.io images remove --sync >/dev/null
}

leave_carrier() {
    ! mountpoint -q "$mounted" || ctr --namespace k8s.io images unmount --rm "$mounted" >/dev/null
    [ ! -d "$mounted" ] || rmdir "$mounted"
}

# drop_bundle INCOMING: images, programs and the service; what containers left behind is Kubernetes' to remove.
drop_bundle() {
    drop_upload "$1" "$waiting/images.tar"
    rm -rf "$waiting"
    if [ -f "$mark" ]; then
        sed 1d "$mark" | while read -r program; do rm -f "$programs/$program"; done
    fi
    if systemctl is-active --quiet containerd; then
        leave_carrier
        ctr --namespace k8s.io images list --quiet | xargs -r ctr --namespace k8s.io images remove --sync >/dev/null
    fi
    systemctl disable --quiet --now containerd 2>/dev/null || :
    rm -f "$mark" "$mark.new"
}

# drop_images INCOMING REPOSITORY: of an archive that is not the machine's own; containerd goes on.
drop_images() {
    drop_upload "$1" "$waiting/images.tar"
    rm -rf "$waiting"
    if systemctl is-active --quiet containerd; then
        ctr --namespace k8s.io images list --quiet | awk -v name="$2:" 'index($1, name) == 1' |
            xargs -r ctr --namespace k8s.io images remove --sync >/dev/null
    fi
    rm -f "$mark" "$mark.new"
}

# Kubernetes' own choice must be the same: systemd manages control groups of version 2, version 1 is managed directly.
choose_cgroups() {
    systemd=false
    [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] || systemd=true
    sed "s/@systemd_cgroup@/$systemd/"
}

serve_containers() {
    systemctl enable --quiet containerd
    systemctl restart containerd
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        ! ctr version >/dev/null 2>&1 || return 0
        sleep 0.5
    done
    die "containerd does not answer after 5 s: journalctl -u containerd"
}
