import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { valueAt, type Json } from '../adminapi-keys.js'
import type { TestLab } from './servers.js'
import { signet, transcript } from './signet.js'

/** What `signet cluster status` shows, read as a user would. */
export interface View {
  readonly json: Json
  /** Warnings of standard error. */
  readonly warnings: string
}

/** `signet cluster status --json`. */
export async function look(lab: TestLab, level = 1): Promise<View> {
  const run = await signet(['cluster', 'status', '--json', '--extended', String(level), '-i', lab.inventory])
  assert.equal(run.code, 0, transcript(run))
  return { json: JSON.parse(run.stdout) as Json, warnings: run.stderr }
}

/** `signet cluster status` for people. */
export async function text(lab: TestLab): Promise<string> {
  const run = await signet(['cluster', 'status', '-i', lab.inventory])
  assert.equal(run.code, 0, transcript(run))
  return run.stdout
}

/** Looks again until what is seen passes, at most for some seconds; the last failure counts. */
export async function seen<T>(read: () => Promise<T>, check: (found: T) => void, seconds = 240): Promise<T> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const found = await read()
    try {
      check(found)
      return found
    } catch (error) {
      if (Date.now() > end) throw error
      await setTimeout(300)
    }
  }
}

/** A cluster in the output, by its name. */
export const clusterIn = ({ json }: View, name: string): Json => {
  const found = (json['clusters'] as readonly Json[]).find((each) => each['clusterName'] === name)
  assert.ok(found, `no cluster ${name}`)
  return found
}

/** A member of any cluster or ReplicaSet in the output, by its host. */
export function memberIn(view: View, host: string): Json {
  const all = [
    ...(view.json['clusters'] as readonly Json[]).map((each) => valueAt(each, 'defaultReplicaSet')),
    ...((view.json['replicaSets'] ?? []) as readonly Json[]).map((each) => valueAt(each, 'replicaSet')),
  ]
  const found = all.map((each) => valueAt(each, 'topology', `${host}:3306`)).find(Boolean)
  assert.ok(found, `no member ${host}`)
  return found as Json
}

/** What is wrong with a member, each as one line. */
export const errorsOf = (view: View, host: string): readonly string[] =>
  (memberIn(view, host)['instanceErrors'] ?? []) as readonly string[]

/** What is wrong with a cluster by itself. */
export const clusterErrorsOf = (view: View, name: string): readonly string[] =>
  (valueAt(clusterIn(view, name), 'defaultReplicaSet', 'clusterErrors') ?? []) as readonly string[]

/** That the lines are these, one for each pattern, in this order. */
export function tells(lines: readonly string[], patterns: readonly RegExp[]): void {
  assert.ok(
    lines.length === patterns.length && lines.every((line, index) => patterns[index]?.test(line)),
    `${lines.join('\n')}\n  instead of\n${patterns.join('\n')}`,
  )
}

/** That nothing is wrong with any member, cluster or ReplicaSet. */
export function healthy(view: View): void {
  const found: string[] = []
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (['instanceErrors', 'clusterErrors', 'warning'].includes(key))
        found.push(`${path}: ${JSON.stringify(inner)}`)
      else walk(inner, `${path}/${key}`)
    }
  }
  walk(view.json, '')
  assert.deepEqual(found, [])
  for (const each of view.json['clusters'] as readonly Json[])
    for (const member of Object.values(valueAt(each, 'defaultReplicaSet', 'topology') as Json))
      assert.equal(valueAt(member, 'status'), 'ONLINE')
}
