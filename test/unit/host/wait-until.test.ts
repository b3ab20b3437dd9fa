import assert from 'node:assert/strict'
import type { Wait } from '../../../src/host/step.js'
import { waitUntil } from '../../../src/host/wait-until.js'
import { LOGIN } from '../mysql/pictures.js'

const DOWN = { kind: 'down', message: 'connection refused' } as const
const WAIT: Wait = {
  do: 'wait',
  question: { ask: 'mysql_instance', login: LOGIN },
  until: (answer) => 'kind' in answer && answer.kind === 'refused',
  timeout: 60,
  interval: 0.01,
  otherwise: 's1 is not there.',
}
const REFUSED = { kind: 'refused', message: 'no' } as const

describe('waiting', () => {
  it('bears a server that is down for a while, each time anew', async () => {
    let looks = 0
    const seconds = await waitUntil({ ...WAIT, silence: 2, interval: 0.05 }, 's1', undefined, () => {
      looks++
      return Promise.resolve(looks === 45 ? REFUSED : looks % 5 === 0 ? { open: true } : DOWN)
    })
    assert.equal(looks, 45)
    assert.ok(seconds > 2, String(seconds))
  })

  it('gives up a server that stays down', async () => {
    await assert.rejects(
      waitUntil({ ...WAIT, silence: 0.1 }, 's1', undefined, () => Promise.resolve(DOWN)),
      {
        code: 'task-failed',
        host: 's1',
        message: /s1 is not there\. Its server has not answered for 0\.1 s/,
      },
    )
  })

  it('ends when its time is over, when it is hopeless, and when it is interrupted', async () => {
    const waiting = (changes: Partial<Wait>, signal?: AbortSignal) =>
      waitUntil({ ...WAIT, ...changes }, 's1', signal, () => Promise.resolve(DOWN))
    await assert.rejects(waiting({ timeout: 0.05 }), { message: 's1 is not there. (waited 0.05 s)' })
    await assert.rejects(waiting({ hopeless: () => 'It left.' }), { message: 'It left.' })
    await assert.rejects(waiting({ interval: 30 }, AbortSignal.timeout(50)), { code: 'interrupted' })
  })
})
