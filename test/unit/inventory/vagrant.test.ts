import assert from 'node:assert/strict'
import { delimiter, join } from 'node:path'
import { loadInventory } from '../../../src/inventory/load-inventory.js'
import { withFiles } from '../temporary-directory.js'

const PROJECT = new URL('../../..', import.meta.url).pathname

/** What vagrant 2.3.4 printed, shortened; scripts/test-vagrant.sh asks the real one. */
const STATUS = `1795655796,s1,metadata,provider,libvirt
1795655823,s1,provider-name,libvirt
1795655823,s1,state,running
1795655823,s1,state-human-short,running
1795655824,s2,state,running
1795655825,s3,state,shutoff
1795655827,s4,state,not_created
1795655827,,ui,info,Current machine states:\\n\\ns1    running (libvirt)\\nVM%!(VAGRANT_COMMA) run \`vagrant status NAME\`.
`
const SSH = `Host s1
  HostName 192.168.121.107
  User vagrant
  Port 22
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  PasswordAuthentication no
  IdentityFile "/home/some one/.vagrant/machines/s1/libvirt/private_key"
  IdentitiesOnly yes
  LogLevel FATAL

Host s2
  HostName s2
  User root
  Port 22
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  IdentityFile /var/lib/signet/labs/vagrant/id_ed25519
  ProxyCommand socat - UNIX-CONNECT:/var/lib/signet/labs/vagrant/hosts/s2/ssh.sock

`

describe('inventories/vagrant', function () {
  this.timeout(60_000)
  const path = process.env['PATH'] ?? ''
  let notices: string[] = []
  /** Loads the inventory with a `vagrant` that runs these shell lines. */
  function load(lines: string): ReturnType<typeof loadInventory> {
    notices = []
    return withFiles({ vagrant: `#!/bin/sh\n${lines}\n` }, (directory) => {
      process.env['PATH'] = `${directory}${delimiter}${path}`
      return loadInventory([join(PROJECT, 'inventories/vagrant')], '/', (line) => notices.push(line))
    })
  }
  afterEach(() => {
    process.env['PATH'] = path
  })
  const answer = (text: string): string => `cat <<'END'\n${text}END`

  it('holds the machines that run; the others are left out with a notice', async () => {
    const inventory = await load(
      `case "$1 $2 $3" in\n"status --machine-readable ")\n${answer(STATUS)}\n;;\n"ssh-config s1 s2")\n${answer(SSH)}\n;;\n*) exit 9;;\nesac`,
    )
    assert.deepEqual([...inventory.hosts.keys()], ['s1', 's2'])
    assert.deepEqual(inventory.hosts.get('s1')?.vars, {
      ansible_host: '192.168.121.107',
      ansible_port: 22,
      ansible_user: 'vagrant',
      ansible_ssh_private_key_file: '/home/some one/.vagrant/machines/s1/libvirt/private_key',
      ansible_host_key_checking: false,
      ansible_timeout: 60,
    })
    assert.equal(
      inventory.hosts.get('s2')?.vars['ansible_ssh_unix_socket'],
      '/var/lib/signet/labs/vagrant/hosts/s2/ssh.sock',
    )
    assert.deepEqual(inventory.groups.get('primary_cluster')?.hosts, ['s1', 's2'])
    assert.deepEqual(notices, [
      'inventories/vagrant: s3 is left out: it is shutoff. `vagrant up s3` boots it.',
      'inventories/vagrant: s4 is left out: it is not created. `vagrant up s4` boots it.',
    ])
  })

  it('leaves out a machine that still boots, and keeps the others', async () => {
    const [first = ''] = SSH.split('\n\n')
    const inventory = await load(
      `case "$1 $2 $3" in\n"status --machine-readable ")\n${answer(STATUS)}\n;;\n"ssh-config s1 ")\n${answer(`${first}\n`)}\n;;\n*) echo 'The provider is not ready for SSH.' >&2; exit 1;;\nesac`,
    )
    assert.deepEqual([...inventory.hosts.keys()], ['s1'])
    assert.match(notices.join('\n'), /s2 runs, but can't be reached by ssh yet .*not ready for SSH/)
  })

  it("says what vagrant said when it can't answer", async () => {
    await assert.rejects(
      load('echo "A Vagrant environment is required." >&2; exit 1'),
      /vagrant status failed/,
    )
    await assert.rejects(
      load(
        "printf '%s\\n' '17,,ui,error,x' '17,,error-exit,Vagrant::Errors::Broken,Two words%!(VAGRANT_COMMA) one\\nline'; exit 1",
      ),
      /vagrant status failed: Two words, one line/,
    )
    await assert.rejects(
      load(
        "printf '%s\\n' 'a.rb:1:in `x: It broke (Errno::EIO)' '\tfrom b.rb:2' '\tfrom c.rb:3' >&2; exit 1",
      ),
      /vagrant status failed: a\.rb:1:in `x: It broke \(Errno::EIO\)/,
    )
  })

  it('asks again when another vagrant has locked a machine', async () => {
    const inventory = await load(
      `locked() { [ -e "$0.$1" ] || { : > "$0.$1"; return 0; }; return 1; }\ncase "$1 $2 $3" in\n"status --machine-readable ")\nlocked status && { echo '17,,error-exit,Vagrant::Errors::MachineLocked,x'; exit 1; }\n${answer(STATUS)}\n;;\n"ssh-config s1 s2")\nlocked ssh && { echo "Vagrant can't use the requested machine because it is locked!" >&2; exit 1; }\n${answer(SSH)}\n;;\n*) exit 9;;\nesac`,
    )
    assert.deepEqual([...inventory.hosts.keys()], ['s1', 's2'])
  })

  it('asks again when another vagrant has deleted the lock that both held in turn', async () => {
    const inventory = await load(
      `case "$1 $2 $3" in\n"status --machine-readable ")\n[ -e "$0.once" ] || { : > "$0.once"; printf '%s\\n' "machine_index.rb:329:in \\\`delete': No such file or directory @ apply2files - /h/machine-index/0a.lock (Errno::ENOENT)" '\tfrom vagrant:25' >&2; exit 1; }\n${answer(STATUS)}\n;;\n"ssh-config s1 s2")\n${answer(SSH)}\n;;\n*) exit 9;;\nesac`,
    )
    assert.deepEqual([...inventory.hosts.keys()], ['s1', 's2'])
  })
})
