import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { SignetError } from '../errors.js'
import { inventoryText } from '../lab/inventory-text.js'
import * as lab from '../lab/lab.js'
import { DEFAULT_LAB, hostNames, labLayout, type HostLayout } from '../lab/layout.js'
import type { Command, Invocation } from './command.js'
import type { Environment } from '../environment.js'

const ACTIONS = [
  'up',
  'down',
  'reset',
  'status',
  'ssh',
  'exec',
  'inventory',
  'prepare',
  'kill',
  'start',
] as const

/** `signet lab`: hosts with real systemd, sshd and MySQL on this machine. */
export const labCommand: Command = {
  name: 'lab',
  summary: 'Run hosts with systemd, sshd and MySQL on this machine',
  usage:
    'up | down | reset [HOST…] | status | ssh HOST | exec HOST -- CMD… | inventory | kill HOST | start HOST | prepare',
  options: [
    {
      name: 'name',
      kind: 'text',
      value: 'LAB',
      summary: `Name of the lab; several live side by side (default: ${DEFAULT_LAB})`,
    },
    {
      name: 'packages',
      kind: 'text',
      value: 'NAMES',
      summary: 'More Debian packages for the hosts that up and reset make, with commas between',
    },
    { name: 'hosts', kind: 'text', value: 'N', summary: 'Number of hosts for up and inventory (default: 4)' },
  ],
  run: runLab,
}

async function runLab(invocation: Invocation, environment: Environment): Promise<number> {
  const [action, ...words] = invocation.positionals
  const name = invocation.text('name') ?? DEFAULT_LAB
  const count = Number(invocation.text('hosts') ?? '4')
  const context: lab.LabContext = {
    env: environment.env,
    packages: invocation.text('packages')?.split(',') ?? [],
    say: (text) => environment.stderr.write(`${text}\n`),
  }
  const takesNone = ['up', 'down', 'status', 'inventory', 'prepare']
  if (action !== undefined && takesNone.includes(action) && words.length > 0)
    throw new SignetError('bad-option', `signet lab ${action} takes no "${words.join(' ')}".`, {
      ...(/^\d+$/.test(words[0] ?? '') ? { hint: `Did you mean --hosts ${words[0] ?? ''}?` } : {}),
    })
  const layout = labLayout(name)
  const start = environment.now().getTime()
  const took = (): string => `${((environment.now().getTime() - start) / 1000).toFixed(1)} s`

  switch (action) {
    case 'prepare':
      environment.stdout.write(`${await lab.prepare(context)}\n`)
      return 0
    case 'up':
      await lab.up(name, count, context)
      environment.stdout.write(`Lab ${name} is up: ${hostNames(count).join(', ')} (${took()}).\n`)
      return 0
    case 'down':
      await lab.down(name, context)
      environment.stdout.write(`Lab ${name} is gone (${took()}).\n`)
      return 0
    case 'reset':
      await lab.reset(name, words, context)
      environment.stdout.write(`${words.join(', ') || `Lab ${name}`} reset (${took()}).\n`)
      return 0
    case 'status':
      return status(environment)
    case 'inventory':
      environment.stdout.write(inventoryText(layout, hostNames(count)))
      return 0
    case 'ssh':
    case 'exec': {
      const host = await oneHost(layout, words)
      return interactive('ssh', [
        ...(action === 'ssh' ? ['-t'] : []),
        ...lab.sshWords(layout, host),
        ...command(words.slice(1)),
      ])
    }
    case 'kill':
      await lab.powerOff(await oneHost(layout, words))
      return 0
    case 'start': {
      const host = await oneHost(layout, words)
      const lower = await lab.prepare(context)
      await lab.powerOn(layout, host, lower, await lab.hostsOf(layout))
      await lab.waitUntilReady(layout, host)
      return 0
    }
    case undefined:
    default:
      throw new SignetError(
        'bad-option',
        action === undefined ? 'signet lab needs an action.' : `signet lab knows no "${action}".`,
        {
          hint: `Actions: ${ACTIONS.join(', ')}.`,
        },
      )
  }
}

async function oneHost(layout: ReturnType<typeof labLayout>, words: readonly string[]): Promise<HostLayout> {
  const [host] = await lab.chooseHosts(layout, words[0] === undefined ? ['(none)'] : [words[0]])
  if (host === undefined) throw new SignetError('bad-option', 'Which host?')
  return host
}

/**
 * The command that ssh is given: one word is a line for the shell, as ssh takes it; several are quoted, so that they
 * arrive as they are. Nothing at all means a login shell.
 */
function command(words: readonly string[]): readonly string[] {
  const [line] = words
  if (line === undefined) return []
  if (words.length === 1) return ['--', line]
  return ['--', words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')]
}

function interactive(program: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

async function status(environment: Environment): Promise<number> {
  const names = await lab.labNames()
  if (names.length === 0) environment.stdout.write('No lab is there.\n')
  for (const name of names) {
    const layout = labLayout(name)
    const hosts = await lab.hostsOf(layout)
    if (hosts.length === 0) {
      await rm(layout.directory, { recursive: true, force: true })
      continue
    }
    environment.stdout.write(`${name}\n`)
    for (const host of hosts) {
      environment.stdout.write(
        `  ${host.name.padEnd(4)} ${host.address.padEnd(12)} ${(await lab.isUp(host)) ? 'up' : 'off'}\n`,
      )
    }
  }
  return 0
}
