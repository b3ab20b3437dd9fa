import assert from 'node:assert/strict'
import type { HostReader } from '../../../src/host/host.js'
import type { Question } from '../../../src/host/question.js'
import { readArguments } from '../../../src/modules/arguments.js'
import { findModule } from '../../../src/modules/index.js'
import type { TaskContext } from '../../../src/modules/module.js'

describe('what is read of a file that is replaced', () => {
  for (const [name, args] of [
    ['copy', { content: 'x', dest: '/etc/app.conf' }],
    ['copy', { src: 'app.conf', dest: '/etc/app.conf' }],
    ['template', { src: 'app.conf.j2', dest: '/etc/app.conf' }],
  ] as const)
    it(`${name}: no more than can be shown ${'src' in args ? `(${args.src})` : ''}`, async () => {
      const module = findModule(name)
      assert.ok(module)
      const asked: Question[] = []
      const host = {
        ask: (question: Question) => {
          asked.push(question)
          return Promise.resolve({ kind: 'absent' })
        },
      } as unknown as HostReader
      const source = { kind: 'file', mode: 0o644, content: Buffer.from('x') }
      const task = {
        find: (_: string, path: string) => Promise.resolve(path),
        render: (text: string) => text,
        controller: { ask: () => Promise.resolve(source) },
      } as unknown as TaskContext
      await module.probe(host, readArguments(module, args, undefined), task)
      assert.deepEqual(
        asked.map((question) => ('read' in question ? question.read : '')),
        ['shown'],
      )
    })
})
