// Runs the program once, so that what most runs use gets compiled, and keeps the code.
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { compile, keepCode } = require('../bin/load-bundle.cjs')

const directory = mkdtempSync(join(tmpdir(), 'signet-build-'))
const play = join(directory, 'play.yml')
writeFileSync(
  play,
  `- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: "{{ 'a' | upper }} task"
      command: {argv: ["true"]}
      register: done
      changed_when: done.rc != 0
`,
)
process.on('exit', () => {
  keepCode('main.cjs')
  keepCode('mysql.cjs')
  rmSync(directory, { recursive: true })
})
compile('mysql.cjs')
compile('main.cjs').main(['play', play])
