#!/bin/sh
# prontuario-release: which release of the service this machine runs. People and Pulumi use the same commands:
#
#   prontuario-release list             what is installed, newest first
#   prontuario-release install FILE ID  unpack an artefact beside the others; nothing that runs is touched
#   prontuario-release activate ID      switch to it; if it does not become ready, it is removed and the one before
#                                       comes back
#
# releases/ID is immutable. `current` is what systemd starts; `proven` is the last release that answered /ready, and
# the one to return to: after a power cut in the middle of a switch, `current` proves nothing.
set -eu
export LC_ALL=C.UTF-8

root=${PRONTUARIO_ROOT-}                # tests only
patience=${PRONTUARIO_PATIENCE-30}      # seconds for a release to answer /ready
keep=3
unit=prontuario.service
home=$root/opt/prontuario
releases=$home/releases
settings=$root/etc/prontuario/service.env
in_force=$home/in-force # release and settings that the running process was started with
new_line='
'

say() { echo "prontuario-release: $*"; }

# die "what happened: what to do next"
die() {
    say "$*" >&2
    exit 1
}

must_be_an_id() {
    case $1 in
        '' | .* | *[!A-Za-z0-9._-]*) die "'$1' is not a release id: see prontuario-release list" ;;
    esac
}

pointed_at() { basename "$(readlink "$home/$1" 2>/dev/null)" 2>/dev/null || true; }

# point NAME ID: atomic, so that systemd never finds nothing.
point() {
    ln -sfn "releases/$2" "$home/.$1.new"
    mv -fT "$home/.$1.new" "$home/$1"
}

setting() { sed -n "s/^PRONTUARIO_$1=//p" "$settings"; }

fingerprint() {
    echo "$1"
    cat "$settings" "$root/etc/systemd/system/$unit" | sha256sum
}

answers() {
    curl -sf --noproxy '*' --max-time 2 "http://$(setting ADDRESS):$(setting PORT)/ready" 2>/dev/null |
        grep -qF "\"version\":\"$1\""
}

# start ID: true once that release answers /ready.
start() {
    point current "$1"
    rm -f "$in_force"
    systemctl daemon-reload
    systemctl reset-failed "$unit" 2>/dev/null || true
    began=$(date +%s)
    systemctl restart "$unit" 2>/dev/null || return 1
    until answers "$1"; do
        [ $(($(date +%s) - began)) -lt "$patience" ] || return 1
        sleep 0.1
    done
}

# The service's own last words, in one line. Not --lines: after --since it counts from the front.
last_words() {
    journalctl --quiet --no-pager --output=cat --since="@$began" "_SYSTEMD_UNIT=$unit" 2>/dev/null |
        tail -n 3 | tr '\n' ' ' | cut -c1-600
}

list() {
    current=$(pointed_at current) proven=$(pointed_at proven)
    ls -1t "$releases" 2>/dev/null | while read -r id; do
        note=''
        [ "$id" != "$proven" ] || note='  proven'
        [ "$id" != "$current" ] || note="$note  current"
        echo "$id$note"
    done
}

install() {
    file=$1 id=$2
    if [ ! -d "$releases/$id" ]; then
        mkdir -p "$releases"
        discard "$releases"/.unpacking.*
        fresh=$(mktemp -d "$releases/.unpacking.XXXXXX")
        tar -xzf "$file" --no-same-owner -C "$fresh" || {
            discard "$fresh"
            die "cannot unpack $file (reason above), nothing was changed: free some space or upload it again"
        }
        grep -qF "\"id\": \"$id\"" "$fresh/manifest.json" 2>/dev/null || {
            discard "$fresh"
            die "$file is not release $id, nothing was changed: upload the right artefact"
        }
        chmod -R a-w,a+rX "$fresh"
        sync -f "$fresh" # a release that is there is there completely, also after a power cut
        mv -T "$fresh" "$releases/$id"
    fi
    touch "$releases/$id"
}

activate() {
    id=$1
    [ -d "$releases/$id" ] ||
        die "release $id is not installed here: choose one of: $(list | tr "$new_line" ';')"
    if [ "$(cat "$in_force" 2>/dev/null)" = "$(fingerprint "$id")" ] && answers "$id"; then
        return 0
    fi
    before=$(pointed_at proven)
    systemctl enable --quiet "$unit"
    if start "$id"; then
        point proven "$id"
        fingerprint "$id" >"$in_force"
        sync -f "$home"
        say "release $id serves"
        prune
        return 0
    fi
    words=$(last_words)
    failure="release $id did not become ready on $(setting MACHINE) ($(setting ADDRESS):$(setting PORT))"
    if [ "$before" = "$id" ]; then
        die "$failure, and it is the only proven one: look at its settings in $settings; its last words: $words"
    elif [ ! -d "$releases/$before" ] || [ -z "$before" ]; then
        systemctl disable --quiet --now "$unit"
        rm -f "$home/current"
        discard "$releases/$id"
        die "$failure, there is no earlier one, the service is stopped: correct it; its last words: $words"
    elif start "$before"; then
        fingerprint "$before" >"$in_force"
        discard "$releases/$id" # it would take the place of one that a person may want to go back to
        die "$failure, $before serves again: correct it; its last words: $words"
    fi
    die "$failure, and neither did $before afterwards: see journalctl -u $unit; first last words: $words"
}

prune() {
    seen=0
    ls -1t "$releases" | while read -r id; do
        seen=$((seen + 1))
        if [ "$seen" -gt "$keep" ] && [ "$id" != "$(pointed_at current)" ]; then
            discard "$releases/$id"
        fi
    done
}

discard() {
    for folder; do
        [ -d "$folder" ] || continue
        chmod -R u+w "$folder"
        rm -rf "$folder"
    done
}

exclusively() {
    mkdir -p "$home"
    exec 9>"$home/.lock"
    flock -w 120 9 || die "another switch is under way on this machine: wait for it, then run again"
    "$@"
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || die "only root may do this: sudo prontuario-release $*"
case "${1-} $#" in
    'list 1') list ;;
    'install 3')
        must_be_an_id "$3"
        exclusively install "$2" "$3"
        ;;
    'activate 2')
        must_be_an_id "$2"
        exclusively activate "$2"
        ;;
    *) die 'usage: prontuario-release list | install FILE ID | activate ID' ;;
esac
