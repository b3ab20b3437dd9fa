import { readFile } from 'node:fs/promises'
import { processesOf } from '../../src/lab/cgroup.js'
import { hostLayout, labLayout, type HostLayout } from '../../src/lab/layout.js'
import { attempt, type Ended } from '../../src/lab/process.js'

/** What a login of root would set. */
const ENVIRONMENT = [
  'HOME=/root',
  'USER=root',
  'LOGNAME=root',
  'SHELL=/bin/bash',
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
]

/**
 * Runs a shell command on a host of a lab as root, within the host's namespaces: a login through ssh costs twenty
 * times as much, and tests look at hosts thousands of times.
 */
export async function onHost(lab: string, host: string, command: string): Promise<Ended> {
  const leader = await leaderOf(hostLayout(labLayout(lab), host))
  if (leader === undefined) return { code: 255, stdout: '', stderr: `${host} is not up.` }
  const inside = ['-t', String(leader), '--all', '--root', '--wd']
  return attempt('nsenter', [...inside, '--', 'env', '-i', ...ENVIRONMENT, 'sh', '-c', command])
}

/** The host's init, as this machine numbers it; undefined when the host is down. */
async function leaderOf({ machine }: HostLayout): Promise<number | undefined> {
  const known = leaders.get(machine)
  if (known !== undefined && (await isLeader(known, machine))) return known
  for (const pid of await processesOf(machine)) {
    if (!(await isLeader(pid, machine))) continue
    leaders.set(machine, pid)
    return pid
  }
  return undefined
}

const leaders = new Map<string, number>()

/** NSpid lists a process's number in each PID namespace, the innermost last (proc_pid_status(5)). */
async function isLeader(pid: number, machine: string): Promise<boolean> {
  const [status, group] = await Promise.all(
    ['status', 'cgroup'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
  )
  return /^NSpid:\t\d+\t1$/m.test(status ?? '') && (group ?? '').includes(`/${machine}`)
}
