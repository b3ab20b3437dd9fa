#!/usr/bin/env bash
# signet beside its peers: the same playbook, bench/peers.yml, on the same hosts in the same run. Needs root, and an
# otherwise idle machine. The peers run on a host of the lab (they are Debian sid's, newer than this machine's may
# be), the managed hosts are its neighbours.
#
#   npm run bench               hosts without delay
#   DELAY=20 npm run bench      every answer of a host takes 20 ms longer, as in another data centre
set -euo pipefail
cd "$(dirname "$0")/.."
lab=bench
hosts=4
delay=${DELAY:-0}
directory=$(mktemp -d)
signet() { node bin/signet.js "$@"; }
trap 'signet lab --name "$lab" down >/dev/null; rm -rf "$directory"' EXIT

npm run --silent build
scripts/install-packages.sh
signet lab --name "$lab" --hosts $((hosts + 1)) --packages python3,ansible-core,ansible-mitogen up
controller=s$((hosts + 1))
signet lab --name "$lab" --hosts "$hosts" inventory >"$directory/hosts.yml"
on() { signet lab --name "$lab" exec "$@"; }

on "$controller" -- sh -c 'umask 077; mkdir -p /root/.ssh /root/templates; cat >/root/.ssh/id_ed25519' \
  </var/lib/signet/labs/"$lab"/id_ed25519
on "$controller" -- sh -c 'cat >/root/.ssh/known_hosts' </var/lib/signet/labs/"$lab"/known_hosts
on "$controller" -- sh -c 'cat >/root/peers.yml' <bench/peers.yml
on "$controller" -- sh -c 'cat >/root/templates/site.conf.j2' <bench/templates/site.conf.j2
on "$controller" -- sh -c "printf 's%d\n' $(seq -s ' ' "$hosts") >/root/hosts"

[ "$delay" -eq 0 ] || for number in $(seq "$hosts"); do
  ip netns exec "signet-$lab-s$number" tc qdisc add dev eth0 root netem delay "${delay}ms" ||
    { echo 'DELAY needs a kernel with netem (sch_netem).' >&2; exit 1; }
done

# A run of a program, in milliseconds. What it prints is shown only when it fails.
timed() {
  local start
  start=$(date +%s%3N)
  "$@" >"$directory/log" 2>&1 || { tail -n 30 "$directory/log" >&2; exit 1; }
  echo $(($(date +%s%3N) - start))
}
blank() { for number in $(seq "$hosts"); do on "s$number" -- sh -c 'rm -rf /opt/bench; userdel bench; groupdel bench; true' 2>/dev/null; done; }

signet_run() { signet play bench/peers.yml -i "$directory/hosts.yml" "$@"; }
ansible_run() { # ansible_run VARIABLES… -- OPTIONS…
  local env=()
  while [ "$1" != -- ]; do env+=("$1"); shift; done
  shift
  on "$controller" -- env "${env[@]}" ANSIBLE_NOCOLOR=1 ansible-playbook -i /root/hosts /root/peers.yml "$@"
}
defaults() { ansible_run ANSIBLE_FORKS=5 -- "$@"; }
tuned() {
  ansible_run "ANSIBLE_FORKS=$hosts" ANSIBLE_PIPELINING=1 \
    'ANSIBLE_SSH_ARGS=-o ControlMaster=auto -o ControlPersist=60s' -- "$@"
}
mitogen() {
  ansible_run "ANSIBLE_FORKS=$hosts" ANSIBLE_STRATEGY=mitogen_linear \
    "ANSIBLE_STRATEGY_PLUGINS=$strategy" -- "$@"
}
strategy=$(on "$controller" -- sh -c 'dirname "$(find / -xdev -path "*ansible_mitogen*" -name mitogen_linear.py | head -n 1)"')

versions=$(on "$controller" -- ansible-playbook --version | head -n 1)
echo "$versions; $hosts hosts, $(nproc) processors, delay $delay ms"
printf '%-28s %9s %9s %9s\n' '' check first again
base=()
for program in signet_run mitogen tuned defaults; do
  blank
  times=()
  for words in --check '' ''; do
    # A check first would fail on tasks that need what earlier tasks make; ansible-playbook can't foresee that.
    if [ "$words" = --check ] && [ "$program" != signet_run ]; then times+=(0); continue; fi
    # shellcheck disable=SC2086 # no word at all is meant
    times+=("$(timed "$program" $words)")
  done
  printf '%-28s' "$program"
  for column in 0 1 2; do
    if [ "${times[$column]}" -eq 0 ]; then printf ' %9s' '-'; else printf ' %7d.%d' $((times[column] / 1000)) $((times[column] % 1000 / 100)); fi
  done
  if [ "$program" = signet_run ]; then base=("${times[@]}"); else
    printf '   first %s×, again %s× of signet' \
      "$(awk "BEGIN { printf \"%.1f\", ${times[1]} / ${base[1]} }")" \
      "$(awk "BEGIN { printf \"%.1f\", ${times[2]} / ${base[2]} }")"
  fi
  echo
done
