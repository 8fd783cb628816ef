# Decides, beside each server, whether it may accept writes without a replica. Two servers alone cannot know
# whether the other is dead or unreachable; the Sentinels can:
#
#   a primary with a replica           needs it for every write (min-replicas-to-write 1)
#   a primary without                  writes alone while a quorum of Sentinels sees it well and names it
#   a primary without either           is cut off: it refuses writes, and another may be primary elsewhere
#   a replica                          is free to write the moment it is promoted: a quorum has decided that
#
# A replica that has caught up since it started may be promoted; before that it may not: its data is old.
set -eu
. /settings/common.sh

self=$(address_of "$HOSTNAME" "$SERVERS")
period=0.7 # seconds between two looks
grace=8    # looks that a new primary has until the Sentinels have told each other
votes=/run/valkey/votes
mkdir -p "$votes"

# Sets life, role, replicas (1: one is near enough) and link from the server's own words.
look() {
    life='' role='' replicas=0 link=''
    for line in $(tell keeper 'INFO server replication'); do
        line=${line%"$return"}
        case $line in
            run_id:*) life=${line#run_id:} ;;
            role:*) role=${line#role:} ;;
            master_link_status:*) link=${line#*:} ;;
            # The server counts a replica until it has been silent for more than min-replicas-max-lag, 2 s;
            # the Sentinels are asked before that, so that nobody notices.
            slave[0-9]*:*state=online*,lag=[01] | slave[0-9]*:*state=online*,lag=[01],*) replicas=1 ;;
        esac
    done
}

# True when this Sentinel names this server as primary and sees it well.
vouches() {
    ask "$1" "$SENTINEL_PORT" keeper "SENTINEL MASTER $CACHE" | {
        read -r _ || true # the answer to AUTH
        ip='' flags=''
        while read -r key && read -r value; do
            case $key in
                ip) ip=$value ;;
                flags) flags=$value ;;
            esac
        done
        [ "$ip" = "$self" ] && [ "$flags" = master ]
    }
}

# True when a quorum of Sentinels vouches for this server. All are asked at once: a dead one costs a second.
trusted() {
    rm -f "$votes"/*
    for one in $SENTINELS; do
        (! vouches "${one#*=}" || : >"$votes/${one%%=*}") &
    done
    wait
    count=0
    for vote in "$votes"/*; do
        [ ! -e "$vote" ] || count=$((count + 1))
    done
    [ "$count" -ge "$QUORUM" ]
}

# True when the server did COMMAND.
done_by() {
    case $(tell keeper "$1") in
        *OK*OK*) ;;
        *) return 1 ;;
    esac
}

# need REPLICAS: what a write needs from now on.
need() {
    if [ "$1" != "$in_force" ] && done_by "CONFIG SET min-replicas-to-write $1"; then
        in_force=$1
        say "$role: a write needs $1 replicas"
    fi
}

present=''
while :; do
    look
    if [ -n "$life" ] && [ "$life" != "$present" ]; then
        present=$life
        in_force='' # min-replicas-to-write as last set
        eligible=no # to be promoted
        age=$grace  # looks since this server was last seen to be a replica
        lonely=0    # looks in a row that found no replica
    fi
    case $role in
        slave)
            age=0
            lonely=0
            need 0
            if [ "$link" = up ] && [ "$eligible" = no ] && done_by 'CONFIG SET replica-priority 100'; then
                eligible=yes
                say "caught up: may be promoted"
            fi
            ;;
        master)
            age=$((age + 1))
            if [ "$replicas" = 1 ]; then
                lonely=0
                need 1
            elif [ $((lonely += 1)) -lt 2 ]; then
                : # one look proves nothing: a replica speaks once a second
            elif trusted; then
                need 0
            elif [ "$age" -gt "$grace" ]; then
                need 1
                # Whoever is refused here would stay here: away, to ask the Sentinels again.
                tell keeper 'CLIENT KILL USER app' >/dev/null || true
            fi
            ;;
    esac
    sleep "$period"
done
