#!/usr/bin/env bash
# Times the README's main command in a fresh clone: with the root file system to be built (bar: 240 s), then with it
# cached (bar: 90 s). Needs root, an otherwise idle machine, and no lab that runs: the cached root file system is put
# aside meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=/var/cache/signet
directory=$(mktemp -d)
aside=$cache/aside-$$
[ ! -e dist/main.cjs ] || [ "$(node bin/signet.js lab status)" = 'No lab is there.' ] || {
  echo 'A lab is there: take it down first (signet lab status).' >&2
  exit 1
}
restore() {
  [ ! -e "$directory/signet/dist/main.cjs" ] || node "$directory/signet/bin/signet.js" lab down >/dev/null
  # The one that was just built is as good as the one put aside.
  for each in "$aside"/*; do
    if [ -e "$each" ] && [ ! -e "$cache/${each##*/}" ]; then mv "$each" "$cache/"; fi
  done
  rm -rf --one-file-system "$aside" "$directory"
}
trap restore EXIT
mkdir -p "$aside"
for each in "$cache"/rootfs-*; do [ ! -e "$each" ] || mv "$each" "$aside/"; done

demo() { # demo NAME BAR
  local start=$SECONDS
  rm -rf "$directory/signet"
  git clone -q . "$directory/signet"
  (cd "$directory/signet" && npm run demo) >"$directory/log" 2>&1 || { tail -n 40 "$directory/log"; exit 1; }
  node "$directory/signet/bin/signet.js" lab down >/dev/null
  printf '%-36s %3d s (bar: %d s)\n' "$1" $((SECONDS - start)) "$2"
  [ $((SECONDS - start)) -le "$2" ] || slow=1
}
slow=0
demo 'npm run demo, nothing cached' 240
demo 'npm run demo, root file system cached' 90
exit "$slow"
