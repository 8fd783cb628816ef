# Starts a server as what the Sentinels say it is: at every start, because while it was away they may have
# chosen another primary. One that starts as a primary is refused writes until a replica or the Sentinels
# vouch for it (keeper.sh); one that starts as a replica cannot be promoted until it has caught up.
#
# A primary that died leaves the Sentinels the time to choose the other: coming back a moment before they do,
# it would gather clients that are then refused.
set -eu
. /settings/common.sh

self=$(address_of "$HOSTNAME" "$SERVERS")
election=5 # tries that the Sentinels have to choose another, and that a late one has to speak
known=0
for _ in $SENTINELS; do known=$((known + 1)); done
case $SERVERS in *' '*) ;; *) election=0 ;; esac

# All Sentinels spoke, or a quorum did and the others had their time. With fewer it waits: the word of one may
# be older than the last failover, and a server that follows such a word throws away what it acknowledged.
tries=0
newest_word
until [ "$answers" -ge "$QUORUM" ] && {
    [ "$tries" -ge "$election" ] || { [ "$answers" -eq "$known" ] && [ "$primary" != "$self" ]; }
}; do
    tries=$((tries + 1))
    [ $((tries % 10)) -ne 1 ] || say "waiting for the Sentinels to name the primary"
    sleep 1
    newest_word
done
umask 077
{
    cat /settings/valkey.conf
    echo "replica-announce-ip $self"
    printf 'primaryauth '
    cat /credentials/replica
    echo
    if [ "$primary" != "$self" ]; then
        echo "replicaof $primary $PORT"
        echo 'replica-priority 0'
    fi
} >/run/valkey/valkey.conf
say "$HOSTNAME ($self) starts; the primary is $primary"
exec valkey-server /run/valkey/valkey.conf
