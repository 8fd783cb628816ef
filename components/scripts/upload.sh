# A big file arrives by SFTP as the login user, who may be stopped half way; root verifies it and only then lets it
# take its place. Paths under incoming/ are relative to that user's home.
incoming_file() {
    home=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)
    echo "$home/$1"
}

# make_room INCOMING BYTES DESTINATION: before the copy.
make_room() {
    incoming=$(incoming_file "$1")
    rm -f "$incoming"
    for place in "$(dirname "$incoming")" "$(dirname "$3")"; do
        while [ ! -d "$place" ]; do place=$(dirname "$place"); done
        free=$(($(df -Pk "$place" | awk 'NR == 2 { print $4 }') * 1024))
        [ "$free" -ge "$2" ] ||
            die "the upload of $3 needs $2 bytes and $place has $free left: free some space and run again"
    done
}

# install_upload INCOMING SHA256 DESTINATION COPY: after the copy. The temporary name depends only on the content, so
# that a run stopped between the two moves is picked up by the next one.
install_upload() {
    incoming=$(incoming_file "$1") sha256=$2 destination=$3 copy=$4
    directory=$(dirname "$destination")
    arrived=$directory/.prontuario.$sha256
    if [ -f "$destination" ] && has_sum "$destination"; then
        rm -f "$incoming" "$arrived"
        return 0
    fi
    mkdir -p "$directory"
    if [ -f "$incoming" ]; then
        mv -fT "$incoming" "$arrived" || {
            rm -f "$arrived"
            die "cannot move the upload to $directory: free some space and run again; $destination is untouched"
        }
    fi
    again="pulumi up --replace '**::$copy'"
    [ -f "$arrived" ] || die "the upload for $destination is no longer there: $again"
    has_sum "$arrived" || {
        rm -f "$arrived"
        die "the upload arrived incomplete or changed, $destination is untouched: $again"
    }
    chown root:root "$arrived"
    chmod 0644 "$arrived"
    sync "$arrived"
    mv -fT "$arrived" "$destination"
    sync "$directory"
}

# drop_upload INCOMING DESTINATION
drop_upload() {
    incoming=$(incoming_file "$1")
    rm -f "$2" "$incoming"
    rmdir "$(dirname "$incoming")" "$(dirname "$(dirname "$incoming")")" 2>/dev/null || :
}

has_sum() { echo "$sha256  $1" | sha256sum --status --check -; }
