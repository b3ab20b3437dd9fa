#!/bin/sh
# Runs inside each machine as root: write-names.sh ADDRESS NAME [ADDRESS NAME …]
# Makes every machine's name resolve to its address on the private network, on all of them. A name of its own on
# a loopback address, as distributions and Vagrant write it, would break Group Replication: it is removed.
set -eu

lines=
names=' '
while [ $# -ge 2 ]; do
  lines="$lines$1 $2
"
  names="$names$2 "
  shift 2
done

new=$(mktemp)
trap 'rm -f "$new"' EXIT
awk -v names="$names" '
  /^[ \t]*#/ || NF == 0 { print; next }
  {
    line = ""
    for (field = 2; field <= NF; field++)
      if (index(names, " " $field " ") == 0) line = line " " $field
    if (line != "") print $1 line
  }' /etc/hosts >"$new"
printf '%s' "$lines" >>"$new"
cmp -s "$new" /etc/hosts && exit 0
cat "$new" >/etc/hosts
echo "/etc/hosts names$names"
