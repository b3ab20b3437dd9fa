#!/usr/bin/env bash
# From a fresh clone to a ClusterSet: installs what is missing, builds, starts the embedded lab, runs the flagship
# playbook and shows how every connection between the servers is secured. Again is fine: nothing is done twice.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-packages.sh
scripts/install-modules.sh
npm run --silent build

node bin/signet.js lab up
node bin/signet.js play playbooks/clusterset.yml -i inventories/lab
echo
node bin/signet.js cluster status -i inventories/lab
cat <<'TEXT'

Look around:
  node bin/signet.js check playbooks/clusterset.yml -i inventories/lab     what would change now: nothing
  node bin/signet.js lab exec s1 -- mysql -e "SELECT * FROM performance_schema.replication_group_members"
  node bin/signet.js lab ssh s1
  node bin/signet.js lab down                                              removes the lab
TEXT
