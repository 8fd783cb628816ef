# Starts a Sentinel with what it has known so far: whom it watches, in which epoch it voted, who the others
# are. One that knows nothing asks the others first, and only the very first ones begin with the first server.
set -eu
. /settings/common.sh

self=$(address_of "$HOSTNAME" "$SENTINELS")

everybody_answers() {
    for one in $SERVERS; do
        [ -n "$(ask "${one#*=}" "$PORT" keeper PING)" ] || return
    done
    for one in $SENTINELS; do
        [ "${one#*=}" = "$self" ] || [ -n "$(ask "${one#*=}" "$SENTINEL_PORT" keeper PING)" ] || return
    done
}

state=/data/sentinel.conf
primary='' known=''

if [ -f "$state" ]; then
    while read -r line; do
        case $line in
            "sentinel monitor $CACHE "*)
                rest=${line#"sentinel monitor $CACHE "}
                primary=${rest%% *}
                ;;
            "sentinel config-epoch $CACHE "* | "sentinel leader-epoch $CACHE "* | \
                "sentinel known-replica $CACHE "* | "sentinel known-sentinel $CACHE "* | \
                'sentinel current-epoch '*)
                known="$known$line
"
                ;;
        esac
    done <"$state"
fi
[ -n "$primary" ] || newest_word
if [ -z "$primary" ]; then
    first=${SERVERS%% *}
    primary=${first#*=}
fi

umask 077
{
    cat /settings/sentinel.conf
    echo "sentinel monitor $CACHE $primary $PORT $QUORUM"
    cat /settings/watch.conf
    printf 'sentinel auth-pass %s ' "$CACHE"
    cat /credentials/sentinel
    echo
    printf 'sentinel sentinel-pass '
    cat /credentials/sentinel
    echo
    echo "sentinel announce-ip $self"
    # Always the same for this pod: a Sentinel with a new name would count as one more in every majority.
    echo "sentinel myid $(printf %s "$HOSTNAME" | sha1sum | cut -c1-40)"
    printf %s "$known"
} >"$state.new"
mv -f "$state.new" "$state"
# One that starts before the servers holds the primary for dead, tries to replace it in vain, and may not try
# again for 6 s. So it first sees everybody, or waits as long as a boot takes: the servers wait for it too, and
# have then waited long enough to start at its first word.
waited=0
until everybody_answers || [ "$waited" -ge "${PATIENCE:-10}" ]; do
    waited=$((waited + 1))
    sleep 1
done
say "$HOSTNAME ($self) starts; the primary is $primary"
exec valkey-sentinel "$state"
