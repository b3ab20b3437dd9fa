#!/usr/bin/env bash
# The Vagrant lab, tested with the real `vagrant`: it brings machines up, signet plays the flagship on them, and
# vagrant provisions, lists and destroys them.
#
#   scripts/test-vagrant.sh containers     machines are hosts of the embedded lab: quick
#   scripts/test-vagrant.sh libvirt        machines are virtual machines of libvirt and QEMU, from a box that
#                                          lab/box/build.sh builds; where KVM does not work they are emulated, and slow
#
# MACHINES=4 for the whole lab instead of two. Needs root and Debian or Ubuntu; installs what is missing. Tests a
# copy of the project, so that a lab of yours stays as it is. libvirt, its networks and all processes live in
# namespaces of their own and end with this script: nothing of this machine's own libvirt is touched, and no packet
# leaves.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
machines=${MACHINES:-2}
kind=${1:-}
case $kind in
  containers | libvirt) ;;
  *)
    echo 'Which machines? scripts/test-vagrant.sh containers, or libvirt' >&2
    exit 5
    ;;
esac

prepare() {
  [ "$(id -u)" -eq 0 ] || { echo 'test-vagrant.sh needs root.' >&2; exit 1; }
  local missing=() needed=(vagrant:vagrant)
  if [ "$kind" = libvirt ]; then
    needed+=(virsh:libvirt-clients libvirtd:libvirt-daemon-system qemu-img:qemu-utils unshare:util-linux
      qemu-system-x86_64:qemu-system-x86 dnsmasq:dnsmasq-base)
    dpkg -s vagrant-libvirt >/dev/null 2>&1 || missing+=(vagrant-libvirt)
  fi
  for entry in "${needed[@]}"; do
    command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    echo "Installing Debian packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update >/dev/null
    apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends "${missing[@]}" >/dev/null
  fi
  if [ ! -e dist/main.cjs ]; then npm run --silent build; fi
  [ "$kind" = libvirt ] || return 0
  # The box is kept: it changes only with its recipe.
  local recipe
  recipe=$(cat lab/box/* src/lab/root-file-system.ts | sha256sum | cut -c1-12)
  box=/var/cache/signet/box-$recipe.box
  if [ ! -e "$box" ]; then
    mkdir -p /var/cache/signet
    lab/box/build.sh "$box.$$"
    mv "$box.$$" "$box"
  fi
}

if [ "${2:-}" != inside ]; then
  cd "$project"
  started=$SECONDS
  box=
  prepare
  echo "Prepared after $((SECONDS - started)) s"
  work=$(mktemp -d /var/tmp/signet-vagrant.XXXXXX)
  # The shell reads a script while it runs it: this one may be edited meanwhile.
  cp "$project/scripts/test-vagrant.sh" "$work/test.sh"
  clean_up() {
    [ "$kind" = libvirt ] || node bin/signet.js lab --name "$lab" down >/dev/null
    rm -rf --one-file-system "$work"
  }
  export lab=vagrant-test-$$
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  code=0
  inside=("$work/test.sh" "$kind" inside "$project" "$work" "$box")
  # With the first process of the namespace ends everything in it: libvirt, dnsmasq, machines.
  if [ "$kind" = libvirt ]; then
    unshare --mount --net --pid --fork --kill-child --mount-proc bash "${inside[@]}" || code=$?
  else
    bash "${inside[@]}" || code=$?
  fi
  echo "The whole test took $((SECONDS - started)) s"
  exit "$code"
fi

project=$3
work=$4
box=$5

# A libvirt of our own, in the namespaces that this shell lives in.
start_libvirt() {
  ip link set lo up
  # Sockets and process numbers of this machine's own libvirt must be out of sight.
  mount -t tmpfs tmpfs /run
  mkdir -p "$work"/{etc,lib,log} /run/libvirt /var/lib/libvirt /var/log/libvirt
  cp -a /etc/libvirt/. "$work/etc/"
  mount --bind "$work/etc" /etc/libvirt
  mount --bind "$work/lib" /var/lib/libvirt
  mount --bind "$work/log" /var/log/libvirt
  mkdir -p /var/lib/libvirt/images
  # No helpers beside libvirtd, no cgroups: there may be no systemd here, and the namespaces see to the cleaning.
  cat >/etc/libvirt/qemu.conf <<'CONFIG'
stdio_handler = "file"
cgroup_controllers = []
security_driver = "none"
user = "root"
group = "root"
CONFIG
  rm -f /etc/libvirt/qemu/networks/autostart/*
  libvirtd -d
  for _ in $(seq 100); do
    if virsh -c qemu:///system version >/dev/null 2>&1; then break; fi
    sleep 0.2
  done
}

# Where this machine is a guest itself, /dev/kvm may be there and yet run no machine, or stop it in its boot loader:
# whether the box comes to its login prompt tells. With a KVM that works that takes seconds.
driver() {
  local log=$work/kvm.log pid answer=
  [ -e /dev/kvm ] || { echo qemu; return; }
  tar -xf "$box" -C "$work" box.img
  qemu-system-x86_64 -accel kvm -cpu host -m 512 -snapshot -drive "file=$work/box.img,if=virtio" -display none \
    -nic none -monitor none -serial stdio </dev/null >"$log" 2>&1 &
  pid=$!
  for _ in $(seq 120); do
    # Of an error in the middle of its work QEMU tells, and stops the machine, but does not end.
    if ! kill -0 "$pid" 2>/dev/null || grep -aq -e 'failed to' -e 'KVM internal error' "$log"; then answer=qemu; fi
    if grep -aq 'login:' "$log"; then answer=kvm; fi
    [ -z "$answer" ] || break
    sleep 0.5
  done
  kill "$pid" 2>/dev/null
  wait "$pid"
  rm "$work/box.img"
  echo "${answer:-qemu}"
}

mkdir "$work/home" "$work/project"
cd "$project"
if [ -e .git ]; then git ls-files -z --cached --others --exclude-standard; else find . -type f -not -path './node_modules/*' -print0; fi |
  tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -xf - -C "$work/project"
cp -a dist "$work/project/dist"
ln -sfn "$(realpath node_modules)" "$work/project/node_modules"

export HOME=$work/home VAGRANT_HOME=$work/home/.vagrant.d VAGRANT_CHECKPOINT_DISABLE=1 NO_COLOR=1
unset VAGRANT_CWD VAGRANT_DOTFILE_PATH VAGRANT_DEFAULT_PROVIDER SSH_AUTH_SOCK
export SIGNET_VAGRANT_LAB=$lab
mkdir -p "$VAGRANT_HOME"
# Vagrant merges this file into every Vagrantfile of this user: its own network gets no way out either.
echo "Vagrant.configure('2') { |config| config.vm.provider(:libvirt) { |libvirt| libvirt.management_network_mode = 'none' } }" \
  >"$VAGRANT_HOME/Vagrantfile"
cd "$work/project"

passed=0
failed=0
what=
check() { # check NAME COMMAND… : a condition, not an action
  local name=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then
    passed=$((passed + 1))
    echo "  ok   $name"
  else
    failed=$((failed + 1))
    what+="${what:+, }\"Vagrant, $kind: $name\""
    echo "  FAIL $name"
    sed 's/^/       /' "$work/check.log" | tail -n 20
  fi
}
act() { # act LOG COMMAND… : runs it with its output in a log without progress bars; its exit code is kept
  local log=$work/$1.log start=$SECONDS
  shift
  code=0
  "$@" >"$log.raw" 2>&1 || code=$?
  tr '\r' '\n' <"$log.raw" | grep -v Progress: >"$log" || [ $? -eq 1 ]
  echo "$* → $code ($((SECONDS - start)) s)"
}
prints() { # prints TEXT COMMAND… : the command prints exactly this
  local expected=$1 actual
  shift
  actual=$("$@") || return 1
  [ "$actual" = "$expected" ] || { printf 'expected:\n%s\nbut got:\n%s\n' "$expected" "$actual"; return 1; }
}
holds() { grep -qE "$1" "$2" || { tail -n 40 "$2"; return 1; }; }
lacks() { ! grep -E "$1" "$2"; }
times() { [ "$(grep -cE "$2" "$3")" -eq "$1" ] || { grep -nE "$2" "$3"; tail -n 40 "$3"; return 1; }; }
on() { vagrant ssh "$1" -c "$2" 2>/dev/null | tr -d '\r'; }
changes_nothing() { holds ' ok=' "$1" && lacks 'changed=[1-9]|failed=[1-9]|unreachable=[1-9]' "$1"; }
names=$(seq -s ' ' -f 's%g' "$machines")
last=s$machines
half=$(((machines + 1) / 2))

choices=()
if [ "$kind" = libvirt ]; then
  start_libvirt
  provider=libvirt network=192.168.56 off=shutoff
  choices+=("SIGNET_VAGRANT_DRIVER=$(driver)")
  echo "== $machines machines of libvirt, ${choices[0]#*=}"
  act box vagrant box add --name signet-lab "$box"
  check 'the box is a box' test "$code" -eq 0
else
  provider=signet_lab network=10.80.0 off=poweroff
  echo "== $machines machines that are containers"
fi

choices+=("SIGNET_VAGRANT_COUNT=$machines" SIGNET_VAGRANT_BOX=signet-lab "SIGNET_VAGRANT_PROVIDER=$provider")
# Emulated machines take five minutes on two processors.
act up timeout 1800 env "${choices[@]}" vagrant up
check 'vagrant up succeeds' test "$code" -eq 0
check 'signet ran once, over all machines together' times 1 'All machines are up' "$work/up.log"
for name in $names; do
  check "that run did $name" holds "^$name +.*ok=" "$work/up.log"
  check "$name is named by its private address" prints "$network.1${name#s}" \
    on s1 "getent ahostsv4 $name | cut -d' ' -f1 | sort -u"
  check "$name knows itself by that address" prints "$network.1${name#s}" \
    on "$name" "getent ahostsv4 $name | cut -d' ' -f1 | sort -u"
done

# From here on no SIGNET_VAGRANT_ variable is set: any other shell must see the same lab.
inventory=$work/project/inventories/vagrant
lists() { (cd / && "$inventory/hosts.js" --list) >"$work/list.json" 2>"$work/list.err"; }
check 'the inventory answers, from any directory' lists
members() { node -e '
  const data = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"))
  console.log(data[process.argv[2]].hosts.join(" "))' "$1" "$2"; }
check 'the inventory has the primary cluster' prints "$(seq -s ' ' -f 's%g' "$half")" members "$work/list.json" primary_cluster
check 'and the replica cluster' prints "$(seq -s ' ' -f 's%g' $((half + 1)) "$machines")" members "$work/list.json" replica_cluster
check 'it has nothing to complain about' prints '' cat "$work/list.err"
# Vagrant locks a machine while it reads its state, and fails where it finds one locked.
together() { # together COUNT COMMAND… : all at once; each must succeed
  local count=$1 pids=()
  shift
  for _ in $(seq "$count"); do "$@" >/dev/null & pids+=($!); done
  for pid in "${pids[@]}"; do wait "$pid" || return 1; done
}
check 'four may ask it at once' together 4 "$inventory/hosts.js" --list

play() { node "$work/project/bin/signet.js" play playbooks/clusterset.yml -i inventories/vagrant "$@"; }
act flagship play
check 'the ClusterSet is made' test "$code" -eq 0
act again play
check 'a second run succeeds' test "$code" -eq 0
check 'and changes nothing' changes_nothing "$work/again.log"
for name in $names; do
  check "$name is ONLINE" prints ONLINE on "$name" \
    "sudo mysql -Ne 'SELECT MEMBER_STATE FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid'"
done
check 'a row is written on s1' on s1 \
  "sudo mysql -e 'CREATE DATABASE proof; CREATE TABLE proof.proof (id INT PRIMARY KEY); INSERT INTO proof.proof VALUES (42)'"
check "a row written on s1 is on $last" prints 42 on "$last" \
  'for i in $(seq 60); do sudo mysql -Ne "SELECT id FROM proof.proof" 2>/dev/null && break; sleep 1; done'

act provision vagrant provision
check 'vagrant provision succeeds' test "$code" -eq 0
check 'signet ran once' times 1 'All machines are up' "$work/provision.log"
check 'and changed nothing' changes_nothing "$work/provision.log"
check 'nor did the names' lacks '/etc/hosts names' "$work/provision.log"

act halt vagrant halt --force "$last"
check 'the inventory answers without that machine' lists
check "$last is left out of the inventory" prints "$(seq -s ' ' -f 's%g' $((half + 1)) $((machines - 1)))" \
  members "$work/list.json" replica_cluster
check 'with a notice' holds "^inventories/vagrant: $last is left out: it is $off" "$work/list.err"
act hosts play --list-hosts
check 'which signet passes on' holds "$last is left out" "$work/hosts.log"

act destroy vagrant destroy --force
check 'vagrant destroy succeeds' test "$code" -eq 0
if [ "$kind" = libvirt ]; then
  check 'no machine is left' prints '' virsh -c qemu:///system list --all --name
  check 'no network of the lab is left' lacks signet <(virsh -c qemu:///system net-list --all --name)
  check 'no disk of a machine is left' lacks 'signet_s[0-9]' <(ls /var/lib/libvirt/images)
else
  check 'no host of the lab is left' lacks "^$lab" <(node bin/signet.js lab status)
fi
check 'no certificate is left' test ! -e inventories/vagrant/pki
check 'nor what the lab remembered' test ! -e .vagrant/signet.json

echo "$passed passed, $failed failed"
if [ -n "${SIGNET_TEST_COUNTS:-}" ]; then
  echo "{\"passed\":$passed,\"failed\":$failed,\"skipped\":0,\"what\":[$what]}" >>"$SIGNET_TEST_COUNTS"
fi
if [ "$failed" -gt 0 ] && [ -n "${KEEP_LOGS:-}" ]; then mkdir -p "$KEEP_LOGS" && cp "$work"/*.log "$KEEP_LOGS/"; fi
[ "$failed" -eq 0 ]
