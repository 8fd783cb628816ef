# put_file PATH MODE OWNER: standard input becomes PATH, all of it or nothing. The caller defines check() (gets the
# candidate's path) and changed().
#
# PATH.pending survives a power cut between the rename and the end of changed(), so that the next run does not take
# "same content" for "already in force".
put_file() {
    target=$1 mode=$2 owner=$3
    directory=$(dirname "$target") base=$(basename "$target")
    pending=$directory/.$base.pending
    [ ! -d "$target" ] || die "$target is a directory: move it away"
    mkdir -p "$directory" || die "cannot make $directory: free some space or remove what stands in its way"
    rm -f "$directory/.prontuario."*".$base"
    candidate='' previous=''
    trap 'rm -f "$candidate" "$previous"' EXIT
    candidate=$(mktemp "$directory/.prontuario.XXXXXX.$base") ||
        die "cannot write beside $target: free some space; the file there is untouched"
    cat >"$candidate" || die "cannot write beside $target: free some space; the file there is untouched"
    chown "$owner" "$candidate" || die "cannot give $target to $owner: create that user and group first"
    chmod "$mode" "$candidate"
    sync "$candidate" || die "cannot write beside $target: free some space; the file there is untouched"

    attempt check "$candidate"
    [ "$status" -eq 0 ] ||
        die "the new $target was refused (reasons above), the file there is untouched: correct the configuration"

    if [ ! -e "$pending" ] && [ -f "$target" ] && cmp -s "$candidate" "$target"; then
        mv -fT "$candidate" "$target" # mode and owner may differ
        sync "$directory"
        return 0
    fi
    if [ -f "$target" ]; then
        previous=$(mktemp "$directory/.prontuario.XXXXXX.$base") && cp -p "$target" "$previous" ||
            die "cannot keep a copy of $target: free some space; the file there is untouched"
    fi
    : >"$pending" || die "cannot write beside $target: free some space; the file there is untouched"
    mv -fT "$candidate" "$target"
    sync "$directory"
    attempt changed "$target"
    if [ "$status" -ne 0 ]; then
        put_back
    fi
    rm -f "$pending"
}

put_back() {
    if [ -z "$previous" ]; then
        rm -f "$target" "$pending"
        die "the new $target could not be put in force (reasons above), and it is gone again: correct it and run again"
    fi
    mv -fT "$previous" "$target"
    sync "$directory"
    attempt changed "$target"
    [ "$status" -eq 0 ] ||
        die "the new $target could not be put in force, nor could the previous one that is back (reasons above): repair this machine by hand"
    rm -f "$pending"
    die "the new $target could not be put in force (reasons above), the previous one is back in force: correct it and run again"
}

drop_file() {
    rm -f "$1" "$(dirname "$1")/.$(basename "$1").pending"
}
