# What the cache's containers share. Plain sh: their image has a shell, coreutils and Valkey's own tools.
#
# From the environment, all plain: CACHE (the name the Sentinels know it by), SERVERS and SENTINELS (lists of
# pod=address), PORT, SENTINEL_PORT, QUORUM. Passwords are files below /credentials and are only ever written
# into a pipe: they are in no argument and in no environment.
export LC_ALL=C.UTF-8
socket=/run/valkey/valkey.sock
return=$(printf '\r')

say() { echo "$(date -u +%FT%TZ) $*" >&2; }

# address_of POD LIST
address_of() {
    for one in $2; do
        [ "${one%%=*}" != "$1" ] || echo "${one#*=}"
    done
}

# script_of USER COMMAND: what valkey-cli is to say on its standard input.
script_of() {
    read -r password <"/credentials/$1" || true # a file without an end of line
    printf 'AUTH %s %s\n%s\n' "$1" "$password" "$2"
}

# ask ADDRESS PORT USER COMMAND: the answer's lines, after one for the AUTH; fewer when there is none within a second.
ask() {
    script_of "$3" "$4" | timeout 1 valkey-cli --tls --cacert /certificate/ca.crt -h "$1" -p "$2" 2>/dev/null
}

# tell USER COMMAND: the same to the server of this pod; waits for as long as that one sleeps.
tell() {
    script_of "$1" "$2" | valkey-cli -s "$socket" 2>/dev/null
}

# word_of ADDRESS: "EPOCH PRIMARY" as one Sentinel knows them, or nothing. Every failover has a higher epoch.
word_of() {
    ask "$1" "$SENTINEL_PORT" keeper "SENTINEL MASTER $CACHE" | {
        read -r _ || true # the answer to AUTH
        ip='' epoch=''
        while read -r key && read -r value; do
            case $key in
                ip) ip=$value ;;
                config-epoch) epoch=$value ;;
            esac
        done
        [ -z "$epoch" ] || echo "$epoch $ip"
    }
}

# Sets primary to what the Sentinel of the newest epoch says, and answers to how many spoke. Not to what most
# say: one that was away through a failover still names the dead one, and whoever followed it would lose all.
newest_word() {
    primary='' answers=0 newest=-1
    for one in $SENTINELS; do
        word=$(word_of "${one#*=}")
        [ -n "$word" ] || continue
        answers=$((answers + 1))
        if [ "${word% *}" -gt "$newest" ]; then
            newest=${word% *}
            primary=${word#* }
        fi
    done
}
