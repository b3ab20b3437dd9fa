#!/usr/bin/env bash
# Installs the Debian packages that the embedded lab and the tests need, where they are missing.
# Needs root and apt; a machine that has them all is left alone, without asking the network.
set -euo pipefail

# program → package that brings it
needed='
mmdebstrap:mmdebstrap
systemd-nspawn:systemd-container
ip:iproute2
socat:socat
ssh-keygen:openssh-client
openssl:openssl
gpg:gpg
gpg-agent:gpg-agent
gpgconf:gpgconf
'
missing=()
for entry in $needed; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
[ "${#missing[@]}" -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "These packages are missing: ${missing[*]}. There is no apt-get here: install them by hand." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "These packages are missing: ${missing[*]}. Run this as root, or install them with apt-get." >&2
  exit 1
fi
echo "Installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends "${missing[@]}"; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists of packages may be missing or old: refreshed only when the first try fails.
if ! install >"$log" 2>&1; then
  apt-get -q update >"$log" 2>&1 || { tail -n 5 "$log" >&2; exit 1; }
  install >"$log" 2>&1 || { tail -n 5 "$log" >&2; exit 1; }
fi
