import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transcript } from '../lab/signet.js'
import { playHere } from './here.js'
import { trace } from './trace.js'

const DIRECTORY = new URL('ansible', import.meta.url).pathname

/** One recorded run of ansible-playbook: its options and its trace. */
interface Recorded {
  readonly options: string
  readonly expected: string
}

async function recordings(name: string): Promise<readonly Recorded[]> {
  const text = await readFile(join(DIRECTORY, `${name}.trace`), 'utf8')
  return text
    .split(/^RUN /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return { options: part.slice(0, end).trim(), expected: part.slice(end + 1) }
    })
}

/** Every playbook was run by ansible-playbook (ansible/record.sh): what it did, signet does. */
describe('playbooks run as ansible-playbook runs them', () => {
  const names = readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.trace'))
    .map((file) => file.slice(0, -'.trace'.length))
  for (const name of names) {
    it(name, async () => {
      for (const { options, expected } of await recordings(name)) {
        const directory = await mkdtemp(join(tmpdir(), 'signet-e2e-'))
        try {
          const run = await playHere(
            [
              `${name}.yml`,
              '-i',
              'hosts',
              '-e',
              `directory=${directory}`,
              ...options.split(' ').filter((word) => word !== ''),
            ],
            { cwd: DIRECTORY },
          )
          assert.equal(trace(run), expected, `${name}.yml ${options}\n${transcript(run)}`)
        } finally {
          await rm(directory, { recursive: true })
        }
      }
    })
  }
})
