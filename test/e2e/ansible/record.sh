#!/usr/bin/env bash
# Records what ansible-playbook (Debian's ansible-core) does with the playbooks of this directory, for ansible.test.ts.
# usage: record.sh [PLAYBOOK…]
set -u
cd "$(dirname "$0")" || exit
export ANSIBLE_CALLBACK_PLUGINS=$PWD/callback ANSIBLE_STDOUT_CALLBACK=trace ANSIBLE_DEPRECATION_WARNINGS=false \
  ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=1 ANSIBLE_RETRY_FILES_ENABLED=false ANSIBLE_INVENTORY=hosts \
  ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3 ANSIBLE_DEVEL_WARNING=false
[ $# -gt 0 ] || set -- *.yml
for playbook in "$@"; do
  grep -q '^- ' "$playbook" || continue
  runs=$(grep '^# run:' "$playbook" | cut -d: -f2-)
  while read -r options; do
    directory=$(mktemp -d)
    echo "RUN $options"
    # The options hold no blanks but those between them.
    # shellcheck disable=SC2086
    ansible-playbook "$playbook" -e "directory=$directory" $options 2>/dev/null
    echo "EXIT $?"
    rm -rf "$directory"
  done <<<"${runs:-}" >"${playbook%.yml}.trace"
done
