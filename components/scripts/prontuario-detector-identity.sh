#!/bin/sh
# prontuario-detector-identity MACHINE GROUP FOLDER OWNER: FOLDER/identity holds a client certificate of the cluster
# for the failure detector of this MACHINE. Key and certificate are made here and never leave; anew when a third of
# their life is left, or when the cluster's authority is another one.
set -eu
umask 077
machine=$1 group=$2 folder=$3 owner=$4
pki=${PRONTUARIO_PKI:-/etc/kubernetes/pki}
days=90 renew_seconds=$((30 * 24 * 3600))
subject="/O=$group/CN=system:detector:$machine"
identity=$folder/identity

is_good() {
    [ -s "$identity/client.key" ] && [ -s "$identity/ends" ] && cmp -s "$identity/ca.crt" "$pki/ca.crt" &&
        openssl x509 -in "$identity/client.crt" -noout -checkend "$renew_seconds" >/dev/null &&
        openssl verify -CAfile "$pki/ca.crt" "$identity/client.crt" >/dev/null 2>&1 &&
        [ "$(openssl x509 -in "$identity/client.crt" -noout -subject -nameopt compat)" = "subject=$subject" ]
}

[ -r "$pki/ca.key" ] || {
    echo "$pki/ca.key is not there: this machine is no control plane, join it to the cluster first" >&2
    exit 1
}
! is_good || exit 0

mkdir -p "$folder"
new=$(mktemp -d "$folder/.identity.XXXXXX")
trap 'rm -rf "$new"' EXIT
openssl ecparam -name prime256v1 -genkey -noout -out "$new/client.key"
openssl req -new -key "$new/client.key" -subj "$subject" -out "$new/request"
printf '%s\n' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' \
    'extendedKeyUsage=clientAuth' >"$new/extensions"
openssl x509 -req -in "$new/request" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -sha256 -days "$days" \
    -set_serial "0x$(openssl rand -hex 16)" -extfile "$new/extensions" -out "$new/client.crt" 2>/dev/null
rm "$new/request" "$new/extensions"
cp "$pki/ca.crt" "$new/ca.crt"
date -d "$(openssl x509 -in "$new/client.crt" -noout -enddate | cut -d= -f2)" +%s >"$new/ends"
chmod 0750 "$new"
chmod 0640 "$new"/*
chown -R "root:$owner" "$new"
sync "$new"/* "$new"
# Old and new are each complete; between them is one rename.
kept=$folder/identity.$(date +%s%N)
mv -T "$new" "$kept"
ln -s "$(basename "$kept")" "$folder/.identity.link"
mv -T "$folder/.identity.link" "$identity"
sync "$folder"
for old in "$folder"/identity.*; do
    [ "$old" = "$kept" ] || rm -rf "$old"
done
echo "a new certificate for $subject, for $days days"
