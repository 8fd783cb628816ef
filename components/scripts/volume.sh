# What components/volumes.py does on a machine: a folder that holds data, known again by its marker.
#
# Two notes: one inside the folder tells whose data it is, also after the disk moved to another machine; one outside
# (/etc/prontuario/volumes) tells that there is data, also when the folder's disk is not mounted.
volume_marker=.prontuario-volume
volume_notes=/etc/prontuario/volumes

# make_volume FOLDER OWNER USE BYTES
make_volume() {
    folder=$1 owner=$2 use=$3 bytes=$4
    marker=$folder/$volume_marker note=$volume_notes/$use whose="$use of $machine"
    if [ -f "$note" ] && [ ! -f "$marker" ]; then
        die "$folder held $whose and is empty or another disk now: mount its disk; to begin with an empty one remove $note"
    fi
    if [ -f "$marker" ]; then
        found=$(cat "$marker")
        [ "$found" = "$whose" ] || die "$folder holds $found, not $whose: mount the right disk there"
    elif [ -d "$folder" ] && [ -n "$(ls -A "$folder" | grep -vx 'lost+found')" ]; then
        die "$folder is not empty and not ours: move what is in it away, it would be mixed with $use"
    fi
    if [ -f "$note" ]; then
        present=$(cat "$note")
        [ "$bytes" -ge "$present" ] ||
            die "$use has $present bytes and cannot shrink to $bytes: ask for at least its present size"
    fi
    [ -f "$marker" ] || install -d -m 0700 -o "${owner%:*}" -g "${owner#*:}" "$folder" ||
        die "cannot make $folder: free some space or remove what stands in its way"
    room=$(df -P -B1 "$folder" | awk 'NR == 2 { print $2 }')
    [ "$room" -ge "$bytes" ] || die "$folder lies on $room bytes and $use needs $bytes: mount a larger disk there"
    mkdir -p "$volume_notes"
    keep_note "$marker" "$whose"
    keep_note "$note" "$bytes"
}

# keep_note FILE TEXT: whole or not at all, also after a power cut.
keep_note() {
    [ "$(cat "$1" 2>/dev/null)" != "$2" ] || return 0
    echo "$2" >"$1.new"
    sync "$1.new"
    mv -fT "$1.new" "$1"
    sync "$(dirname "$1")"
}

# drop_volume FOLDER USE: the data goes. Only steps of a hospital without patients carry this.
drop_volume() {
    [ ! -f "$1/$volume_marker" ] || rm -rf "$1"
    rm -f "$volume_notes/$2"
    [ ! -d "$volume_notes" ] || rmdir --ignore-fail-on-non-empty "$volume_notes"
}
