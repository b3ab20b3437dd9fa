// Loaded into the program with --import: kills it, as a power cut would, right after the server has carried out the
// N-th statement of a step (SIGNET_TEST_KILL_AFTER=N), or counts them into a file (SIGNET_TEST_COUNT=FILE).
// Steps send their statements as objects with a timeout; questions, which only read, send plain texts.
import { writeFileSync } from 'node:fs'
import { PromiseConnection } from 'mysql2/promise'

const limit = Number(process.env.SIGNET_TEST_KILL_AFTER ?? '0')
const file = process.env.SIGNET_TEST_COUNT
const send = PromiseConnection.prototype.query
let count = 0

PromiseConnection.prototype.query = async function query(statement, ...rest) {
  const answer = await send.call(this, statement, ...rest)
  if (typeof statement === 'object') {
    count += 1
    if (count === limit) process.kill(process.pid, 'SIGKILL')
  }
  return answer
}

process.on('exit', () => {
  if (file) writeFileSync(file, String(count))
})
