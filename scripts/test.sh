#!/usr/bin/env bash
# The test command of the README: installs what is missing, then lint, types, unit tests, end-to-end tests with a
# local connection, and everything again on real servers in the embedded lab. The last line counts the tests.
set -uo pipefail
cd "$(dirname "$0")/.."

counts=$(mktemp)
# Each systemd of a lab takes inotify instances; the usual limit is enough for one lab, not for several at a time.
instances=$(cat /proc/sys/fs/inotify/max_user_instances)
clean_up() {
  rm -f "$counts"
  # Another lab that stands beside this run may need the raised limit still.
  [ "$instances" -ge 512 ] || [ "$(node bin/signet.js lab status)" != 'No lab is there.' ] ||
    sysctl -q -w "fs.inotify.max_user_instances=$instances"
}
trap clean_up EXIT
[ "$instances" -ge 512 ] || sysctl -q -w fs.inotify.max_user_instances=512
export SIGNET_TEST_COUNTS=$counts
failed=0

stage() { # stage NAME COMMAND… : runs it, remembers a failure, goes on
  local name=$1 start=$SECONDS
  shift
  stage=$name
  printf '\n== %s\n' "$name"
  if "$@"; then
    printf -- '-- %s: %d s\n' "$name" $((SECONDS - start))
  else
    printf -- '-- %s FAILED after %d s\n' "$name" $((SECONDS - start))
    failed=$((failed + 1))
    # These have counted their failures themselves.
    [ "$1" = suite ] || [ "$1" = counted ] || broken_off
  fi
}

# Counts the stage as one failure.
broken_off() { echo "{\"passed\":0,\"failed\":1,\"skipped\":0,\"what\":[\"$stage\"]}" >>"$counts"; }

suite() { counted npx mocha "$@"; }

# A command that writes its counts at its end. One that breaks off before that has still failed once.
counted() {
  local before after
  before=$(wc -l <"$counts")
  "$@"
  local code=$?
  after=$(wc -l <"$counts")
  if [ "$code" -ne 0 ] && [ "$before" = "$after" ]; then
    broken_off
  fi
  return "$code"
}

scripts/install-packages.sh || exit 1
scripts/install-modules.sh || exit 1

stage 'build' npm run --silent build
stage 'types' npm run --silent typecheck
stage 'lint' npm run --silent lint
stage 'unit tests' suite 'test/unit/**/*.test.ts'
stage 'end to end, local connection' suite 'test/e2e/**/*.test.ts' --timeout 60000
# The longest first, so that none of them is left to run alone at the end.
lab_files() {
  local long
  long=$(printf 'test/lab/%s.test.ts\n' removals clusterset-outage status-outage clone-fails clone-interrupted undo-clusterset \
    undo-outages undo-cluster members-outage undo-replicaset cluster-contracts replicaset-life members undo status \
    replicaset-interrupted playbooks router kill status-replicaset cluster-matrix clusterset-modes clusterset-switchover \
    replicaset-security)
  echo "$long"
  ls test/lab/*.test.ts | grep -vxF "$long" | grep -v '/flagship\.'
}
# The flagship has bounds of time: it runs alone. The rest waits for servers much of the time: four files at a time.
stage 'end to end, the flagship on the embedded lab' suite test/lab/flagship.test.ts --timeout 300000
stage 'end to end, embedded lab' suite --parallel --jobs 4 $(lab_files) --timeout 600000
stage 'the Vagrant lab, with containers for machines' counted scripts/test-vagrant.sh containers
stage 'the Vagrant lab, with virtual machines' counted scripts/test-vagrant.sh libvirt

node -e '
  const lines = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").filter(Boolean)
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const line of lines) {
    const counts = JSON.parse(line)
    for (const key of Object.keys(sum)) sum[key] += counts[key]
    // Once more at the end, where nobody has to look for it.
    for (const what of counts.what ?? []) console.log(`\nFAILED: ${what}`)
  }
  console.log(`\n${sum.passed} passed, ${sum.failed} failed` + (sum.skipped ? `, ${sum.skipped} skipped` : ""))
' "$counts"
[ "$failed" -eq 0 ]
