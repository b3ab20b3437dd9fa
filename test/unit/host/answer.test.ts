import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAnswer, PRELUDE, scriptOf } from '../../../src/host/answer.js'
import { SHOWN_LIMIT, type FileQuestion } from '../../../src/host/question.js'
import { withFiles } from '../temporary-directory.js'

describe('the answer to a question about a file', () => {
  /** What the question's script prints in a real shell, and what is read of it. */
  const asked = (path: string, read: FileQuestion['read']) => {
    const question: FileQuestion = { ask: 'file', path, ...(read === undefined ? {} : { read }) }
    const printed = execFileSync('sh', ['-c', `${PRELUDE}\n${scriptOf(question)}`]).toString()
    const state = parseAnswer(printed, question)
    assert.ok(state.kind === 'file')
    return { printed: printed.length, hash: state.hash, content: state.content }
  }

  it('carries the bytes to be shown only while they are few; those to be used always', async () => {
    await withFiles({ few: '', many: '' }, (directory) => {
      const [few, many] = [join(directory, 'few'), join(directory, 'many')]
      writeFileSync(few, Buffer.alloc(SHOWN_LIMIT, 'x'))
      writeFileSync(many, Buffer.alloc(SHOWN_LIMIT + 1, 'x'))
      assert.equal((asked(few, 'shown').content as Buffer).length, SHOWN_LIMIT)
      const { printed, hash, content } = asked(many, 'shown')
      assert.equal(content, undefined)
      assert.ok(printed < 400, String(printed))
      assert.equal(hash, asked(many, 'hash').hash)
      assert.equal((asked(many, 'content').content as Buffer).length, SHOWN_LIMIT + 1)
      assert.deepEqual([asked(few, undefined).hash, asked(few, undefined).content], [undefined, undefined])
      return Promise.resolve()
    })
  })
})
