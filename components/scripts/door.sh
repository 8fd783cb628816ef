# The frame of every script that enters a machine; components/remote_script.py puts machine, step and limit before
# it, and the bodies apply() and remove() after it. Called as root: sh FILE apply|remove.
set -eu
umask 022
# kubectl would keep what it learned of the cluster in root's home, for ever.
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive KUBECACHEDIR=/run/prontuario-kubectl

told=65 # the exit status that means: the reader already has the line that explains it

say() { echo "$machine: $step: $*" >&2; }

# die "what happened, where: what to do next"
die() {
    say "$*"
    exit "$told"
}

# What stands below the marker: content, possibly secret, byte for byte.
payload() { sed '1,/^#--payload--$/d' "$0"; }

# attempt COMMAND...: runs it with `set -e` in force and leaves its exit status in $status. Never in a condition,
# where the shell would switch `set -e` off.
attempt() {
    set +e
    (
        set -eu
        "$@"
    ) </dev/null
    status=$?
    set -e
}

# A machine that was renamed in the stack file was already taken over by the steps of its new name, set_names first:
# what these steps would remove serves there now.
still_itself() {
    found=$(uname -n)
    [ "$found" = "$machine" ] && return
    say "nothing was removed, this machine is $found now: if it shall be clean, remove what is left by hand"
    exit 0
}

main() {
    if [ "${2-}" != timed ]; then
        # The engine's own time limit does not reach a command that hangs on the machine; this one does.
        timeout -k 5 "$limit" sh "$0" "$1" timed && exit 0
        status=$?
        case $status in
            124 | 137) die "stopped after $limit s without an end: look at what hangs on the machine, then run again" ;;
        esac
        exit "$status"
    fi
    set +e
    case $1 in
        apply) payload | (
            set -eu
            apply
        ) ;;
        remove) (
            set -eu
            still_itself
            remove
        ) </dev/null ;;
    esac
    status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq "$told" ] ||
        say "a command of this step ended with status $status (its own words stand above): correct that and run again"
    exit "$status"
}
