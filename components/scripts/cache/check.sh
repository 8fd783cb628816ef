# check.sh server|ready|sentinel: the probes. `server` is alive when it answers, also while it loads;
# `ready` is true when it answers and, as a replica, is connected to its primary.
set -eu
. /settings/common.sh

case $1 in
    server) case $(tell monitor PING) in *PONG | *LOADING* | *MASTERDOWN*) ;; *) exit 1 ;; esac ;;
    ready)
        for line in $(tell monitor 'INFO replication'); do
            case ${line%"$return"} in
                role:master | master_link_status:up) exit 0 ;;
            esac
        done
        exit 1
        ;;
    sentinel)
        self=$(address_of "$HOSTNAME" "$SENTINELS")
        case $(ask "$self" "$SENTINEL_PORT" monitor PING) in *PONG) ;; *) exit 1 ;; esac
        ;;
esac
