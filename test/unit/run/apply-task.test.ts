import assert from 'node:assert/strict'
import type { HostWriter } from '../../../src/host/host.js'
import { NotYet } from '../../../src/host/not-yet.js'
import type { Plan } from '../../../src/host/plan.js'
import type { Step } from '../../../src/host/step.js'
import { defineModule, type TaskContext } from '../../../src/modules/module.js'
import { applyTask } from '../../../src/run/apply-task.js'

const WAIT: Step = {
  do: 'wait',
  question: { ask: 'service', name: 'mysql' },
  until: () => true,
  timeout: 1,
  otherwise: '',
  note: 'wait',
}
const step = (note: string): Step => ({ do: 'daemon_reload', note })
const planned = (...notes: readonly string[]): Plan => ({
  steps: notes.map(step),
  diff: notes.map((what) => ({ what, before: '', after: 'x' })),
})

/** A task whose probes find one thing after the other, and what was performed for it. */
async function applied(...found: readonly (Plan | NotYet)[]): Promise<{
  readonly notes: readonly string[]
  readonly changed: boolean
  readonly what: readonly string[]
}> {
  const notes: string[] = []
  let looks = 0
  const module = defineModule({
    name: 'example',
    aliases: [],
    summary: '',
    args: {},
    returns: {},
    examples: [],
    probe: () => {
      const seen = found[Math.min(looks++, found.length - 1)]
      return seen instanceof NotYet ? Promise.reject(seen) : Promise.resolve(seen)
    },
    plan: (_, state): Plan => state ?? planned(),
  })
  const host: HostWriter = {
    host: 's1',
    ask: () => Promise.reject(new Error('no question')),
    peer: () => host,
    perform: (steps) => {
      notes.push(...steps.map(({ note = '' }) => note))
      return Promise.resolve(steps.map(() => ({})))
    },
  }
  const { plan } = await applyTask(module, {}, host, {} as TaskContext, (steps) => steps)
  return {
    notes,
    changed: plan.changed ?? plan.steps.length > 0,
    what: plan.diff.map(({ what }) => what),
  }
}

describe('a task that meets something which goes on by itself', () => {
  it('waits, and is planned anew', async () => {
    const { notes, changed, what } = await applied(
      { ...planned('foreseen'), first: [WAIT] },
      planned('real'),
      planned(),
    )
    assert.deepEqual([notes, changed, what], [['wait', 'real'], true, ['foreseen']])
  })

  it('has changed what came about by itself, too', async () => {
    const { notes, changed } = await applied({ ...planned('foreseen'), first: [WAIT] }, planned())
    assert.deepEqual([notes, changed], [['wait'], true])
  })

  it('waits for a server that can not be looked at yet', async () => {
    const starting = new NotYet('s1 is starting', 's1', WAIT)
    const { notes, changed } = await applied(starting, starting, planned('real'), planned())
    assert.deepEqual([notes, changed], [['wait', 'wait', 'real'], true])
    assert.deepEqual(await applied(starting, planned()), { notes: ['wait'], changed: false, what: [] })
  })

  it('does not wait for ever', async () => {
    await assert.rejects(applied(new NotYet('s1 is starting', 's1', WAIT)), { message: 's1 is starting' })
  })
})
