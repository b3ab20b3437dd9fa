import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { MysqlPool } from '../../../src/mysql/pool.js'
import { GeneratedValues } from '../../../src/mysql/generated.js'
import { LOGIN } from './pictures.js'

/** A packet of MySQL's protocol. */
function packet(sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head.writeUInt8(sequence, 3)
  return Buffer.concat([head, body])
}
const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0])
const refusal = (message: string): Buffer =>
  Buffer.concat([Buffer.from([0xff, 0x28, 0x04]), Buffer.from(`#42000${message}`)])
const GREETING = Buffer.concat([
  Buffer.from('\n9.7.4\0'),
  Buffer.from([1, 0, 0, 0]),
  Buffer.from('saltsalt\0'),
  // Protocol 4.1, transactions, secure connection; plugins for authentication.
  Buffer.from([0x00, 0xa2, 0xff, 2, 0, 0x08, 0, 21]),
  Buffer.alloc(10),
  Buffer.from('saltsaltsalt\0mysql_native_password\0'),
])

/** Lets everybody in, and answers statements: OK, an error, or not at all. */
function answering(answer: (statement: string) => Buffer | undefined): Server {
  return createServer((socket: Socket) => {
    socket.write(packet(0, GREETING))
    let greeted = false
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      const reply = greeted ? answer(bytes.subarray(5).toString()) : OK
      if (reply !== undefined) socket.write(packet(greeted ? 1 : (bytes[3] ?? 0) + 1, reply))
      greeted = true
    })
  })
}

describe('sessions with a server', () => {
  let server: Server | undefined
  let opened = 0
  const sockets: Socket[] = []
  const poolFor = async (
    answer: (statement: string) => Buffer | undefined,
    /** Seconds; only a server that hangs is to be given up. */
    patience = 60,
  ): Promise<MysqlPool> => {
    server = answering(answer).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    opened = 0
    return new MysqlPool(
      {
        open: () => {
          opened++
          const socket = connect(port, '127.0.0.1')
          sockets.push(socket)
          return Promise.resolve(socket)
        },
        patience: 1,
      },
      's1',
      patience,
    )
  }
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
    server?.close()
  })

  it('one that hangs is as good as down: asked once more in a new session, then given up', async () => {
    const pool = await poolFor((statement) => (statement.startsWith('START') ? undefined : OK), 0.5)
    assert.deepEqual(await pool.ask({ ask: 'mysql_instance', login: LOGIN }), {
      kind: 'down',
      message: 'the server did not answer in time',
      runs: true,
    })
    assert.equal(opened, 2)
    pool.close()
  })

  it('an error tells the statement, but nothing that the server stores of passwords', async () => {
    const stored = '0x244124303035242112'
    const pool = await poolFor((statement) =>
      statement.startsWith('CREATE') ? refusal(`Syntax error near '${stored}'`) : OK,
    )
    const text = `CREATE USER a IDENTIFIED WITH 'caching_sha2_password' AS ${stored}`
    const step = { do: 'sql', login: LOGIN, statements: [{ text }] } as const
    await assert.rejects(pool.perform(step, new GeneratedValues()), (error: Error) => {
      assert.match(error.message, /Syntax error near '0x…' \(1064\) on: CREATE USER a .* AS 0x…$/)
      return true
    })
    pool.close()
  })

  it('a session that is being opened when the pool is closed ends, too', async () => {
    const pool = await poolFor(() => OK)
    const asked = pool.ask({ ask: 'mysql_rows', login: LOGIN, statement: 'SELECT 1' })
    pool.close()
    assert.equal((await asked).kind, 'down')
    assert.ok(opened > 0)
    for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close')
  })

  for (const [what, silentAt] of [
    ['a transaction that is over', 'ROLLBACK'],
    ['a question that nobody waits for', 'START'],
  ] as const)
    it(`the end of ${what} does not keep the program from ending`, async () => {
      const timers = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
      let sent = (): void => undefined
      const arrived = new Promise<void>((resolve) => (sent = resolve))
      const pool = await poolFor((statement) => {
        if (!statement.startsWith(silentAt)) return OK
        sent()
        return undefined
      })
      const before = timers()
      void pool.ask({ ask: 'mysql_variables', login: LOGIN })
      await arrived
      pool.close()
      assert.equal(timers(), before)
    })

  it('what is asked in one go travels in one go', async () => {
    const sent: string[] = []
    const pool = await poolFor((statement) => {
      sent.push(statement)
      return OK
    })
    await pool.ask({ ask: 'mysql_variables', login: LOGIN })
    await pool.ask({ ask: 'mysql_variables', login: LOGIN })
    const [settings, questions = '', ...more] = sent
    assert.match(settings ?? '', /^SET SESSION sql_mode=/)
    assert.match(
      questions,
      /^START TRANSACTION READ ONLY;\nSELECT .*global_variables;\nSELECT .*persisted_variables;\n/,
    )
    assert.deepEqual(more, ['ROLLBACK', questions])
    pool.close()
  })

  it('… and one by one when the server refuses one of them: the others are answered', async () => {
    const sent: string[] = []
    const pool = await poolFor((statement) => {
      sent.push(statement)
      return statement.includes('global_variables') ? refusal('no such table') : OK
    })
    await assert.rejects(pool.ask({ ask: 'mysql_variables', login: LOGIN }), /no such table/)
    assert.deepEqual(
      sent.slice(1).map((text) => /\w+_variables/.exec(text)?.[0]),
      ['global_variables', 'global_variables'],
    )
    pool.close()
  })

  it('steps share a session that is made new in between; one that failed is not used again', async () => {
    const pool = await poolFor((statement) => (statement.startsWith('CREATE') ? refusal('no') : OK))
    const step = (text: string, foreign?: true) =>
      ({ do: 'sql', login: LOGIN, statements: [{ text }], ...(foreign && { foreign }) }) as const
    const values = new GeneratedValues()
    await pool.perform(step('DO 1'), values)
    await pool.perform(step('DO 2'), values)
    assert.equal(opened, 1)
    await assert.rejects(pool.perform(step('CREATE USER a'), values))
    await pool.perform(step('DO 3'), values)
    assert.equal(opened, 2)
    await pool.perform(step('USE elsewhere', true), values)
    await pool.perform(step('DO 4'), values)
    assert.equal(opened, 3)
    pool.close()
  })

  it('a session that the server ended between two steps is replaced', async () => {
    const pool = await poolFor(() => OK)
    const step = { do: 'sql', login: LOGIN, statements: [{ text: 'DO 1' }] } as const
    await pool.perform(step, new GeneratedValues())
    for (const socket of sockets) socket.destroy()
    await pool.perform(step, new GeneratedValues())
    assert.equal(opened, 2)
    pool.close()
  })
})
