// Loaded into the program with --import: breaks the N-th statement of steps that it sends to a MySQL server. What is
// sent within a read-only transaction belongs to questions, and is let through. A SELECT that only looks again, until the
// server has come so far, counts once: how often it does depends on the machine.
//
// SIGNET_TEST_FAULT=kind:N, where kind is
//   kill         the program is killed, as by a power cut, right after the server has answered it
//   kill-told    the same after the first statement once the program has said the text that N is
//   kill-before  the same before the server has got it
//   refuse       the server refuses it: a statement that fails there is sent in its place
//   refuse-from  the server refuses it and all that come after it, those that undo as well
//   lose         the connection dies before it
//   lose-answer  the connection dies after the server has carried it out: the answer is lost
// N may also be text: the first statement that begins so.
// SIGNET_TEST_STATEMENTS=FILE: all statements in order, one a line as JSON; those that are broken with the name of
// their server. Secrets are in it, too: a test looks for them in reports.
import { writeFileSync } from 'node:fs'
import mysql from '../../dist/mysql.cjs'

const [kind, number] = (process.env.SIGNET_TEST_FAULT ?? ':0').split(':')
let limit = Number(number)
const file = process.env.SIGNET_TEST_STATEMENTS
const { PromiseConnection } = mysql
const send = PromiseConnection.prototype.query
const statements = []
const reading = new WeakSet()
/** What each session has asked since it last did something. */
const asked = new WeakMap()

PromiseConnection.prototype.query = async function query(statement, ...rest) {
  const text = typeof statement === 'string' ? statement : statement.sql
  if (text.startsWith('START TRANSACTION READ ONLY')) reading.add(this)
  if (statement === 'ROLLBACK') reading.delete(this)
  if (typeof statement !== 'object' || reading.has(this)) return send.call(this, statement, ...rest)
  if (looksAgain(this, statement.sql) && !(kind === 'refuse-from' && limit > 0 && statements.length >= limit))
    return send.call(this, statement, ...rest)
  const index = statements.push({ sql: statement.sql })
  if (Number.isNaN(limit) && statement.sql.startsWith(number)) limit = index
  if (index === limit || (kind === 'refuse-from' && index > limit)) {
    const [[{ host }]] = await send.call(this, 'SELECT @@global.report_host host')
    statements[index - 1].host = host
  }
  if (kind === 'kill-before' && index === limit) process.kill(process.pid, 'SIGKILL')
  if (kind === 'refuse-from' ? limit > 0 && index >= limit : kind === 'refuse' && index === limit)
    return send.call(this, "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'injected'")
  if (kind === 'lose' && index === limit) await die(this)
  if (kind === 'lose-answer' && index === limit) {
    // An error may be an answer, too: that there is no such channel.
    await send.call(this, statement, ...rest).catch(() => undefined)
    await die(this)
    return send.call(this, 'DO 0')
  }
  return send.call(this, statement, ...rest).finally(() => {
    if ((kind === 'kill' || kind === 'kill-told') && index === limit) process.kill(process.pid, 'SIGKILL')
  })
}

if (kind === 'kill-told') {
  const write = process.stdout.write
  process.stdout.write = function say(text, ...rest) {
    if (Number.isNaN(limit) && String(text).includes(number)) limit = statements.length + 1
    return write.call(this, text, ...rest)
  }
}

function looksAgain(session, text) {
  // The functions of Group Replication act.
  if (!/^SELECT (?!group_replication_)/.test(text)) asked.delete(session)
  else if (asked.get(session)?.has(text)) return true
  else asked.set(session, new Set(asked.get(session)).add(text))
  return false
}

/** The server ends the session: what is sent next finds it closed. */
const die = (connection) => send.call(connection, 'KILL CONNECTION_ID()').catch(() => undefined)

process.on('exit', () => {
  if (file) writeFileSync(file, statements.map((each) => `${JSON.stringify(each)}\n`).join(''))
})
