import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { certificateFacts } from '../certificates/facts.js'
import type { MysqlCertificate } from './question.js'

/** CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION and CLIENT_PLUGIN_AUTH (MySQL protocol, capability flags). */
const CAPABILITIES = 0x200 | 0x800 | 0x8000 | 0x80000
const CLIENT_SSL = 0x800

/**
 * The certificate that a running server presents: reads its greeting, asks for TLS (SSLRequest, MySQL's
 * Protocol::SSLRequest) and looks at the handshake. No login is needed.
 * @param patience seconds for all of it
 */
export function servedCertificate(stream: Duplex, patience: number): Promise<MysqlCertificate> {
  return new Promise((resolve) => {
    const finish = (answer: MysqlCertificate): void => {
      clearTimeout(timer)
      stream.destroy()
      resolve(answer)
    }
    const timer = setTimeout(
      () => finish({ kind: 'down', message: `the server showed no certificate within ${patience} s` }),
      patience * 1000,
    )
    stream.on('error', (error) => finish({ kind: 'down', message: error.message }))
    let greeting = Buffer.alloc(0)
    const onData = (bytes: Buffer): void => {
      greeting = Buffer.concat([greeting, bytes])
      if (greeting.length < 4 || greeting.length < 4 + greeting.readUIntLE(0, 3)) return
      stream.off('data', onData)
      if (greeting[4] === 0xff) {
        finish({ kind: 'down', message: greeting.subarray(7).toString() })
        return
      }
      if ((capabilitiesOf(greeting) & CLIENT_SSL) === 0) {
        finish({ kind: 'none' })
        return
      }
      const request = Buffer.alloc(36)
      request.writeUIntLE(32, 0, 3)
      request.writeUInt8(1, 3)
      request.writeUInt32LE(CAPABILITIES, 4)
      request.writeUInt32LE(0x1000000, 8)
      request.writeUInt8(255, 12)
      stream.write(request)
      const secure = connectTls({ socket: stream, rejectUnauthorized: false }, () => {
        const der = secure.getPeerCertificate(true).raw
        const facts = certificateFacts(der)
        finish({
          kind: 'certificate',
          fingerprint: facts.fingerprint,
          serial: facts.serial,
          subject: facts.subject,
          issuer: facts.issuer,
          notAfter: facts.notAfter,
        })
      })
      secure.on('error', (error: Error) => finish({ kind: 'down', message: error.message }))
    }
    stream.on('data', onData)
  })
}

/** The lower capability flags of a server's greeting: after version text, thread id, 8 bytes of salt and a filler. */
function capabilitiesOf(greeting: Buffer): number {
  const end = greeting.indexOf(0, 5)
  return greeting.readUInt16LE(end + 1 + 4 + 8 + 1)
}
