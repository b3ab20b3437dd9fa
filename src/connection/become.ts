import { randomBytes } from 'node:crypto'
import { SignetError } from '../errors.js'
import type { Secret } from '../value/secret.js'
import type { Channel } from './channel.js'
import { quote } from './quote.js'
import type { BecomeUser } from './transport.js'

/** Printed by the other side once it is who it should be. */
const READY = 'SIGNET-READY'

/**
 * The command that starts `sh -c SCRIPT` as another user. The password never stands in it: it is sent when the
 * prompt, which is random, appears.
 */
export function becomeCommand(
  script: string,
  as: BecomeUser | undefined,
  prompt: string,
  password: boolean,
): string {
  const start = `/bin/sh -c ${quote(`echo ${READY}; ${script}`)}`
  // exec: no shell of the login stays in between, which would turn a death by signal into an exit code.
  if (as === undefined) return `exec ${start}`
  if (as.method === 'su')
    return `exec env LC_ALL=C su ${quote(as.user)} -s /bin/sh -c ${quote(`exec ${start}`)}`
  return `exec sudo ${password ? `-S -p ${quote(prompt)}` : '-n'} -H -u ${quote(as.user)} -- ${start}`
}

export function newPrompt(): string {
  return `[signet ${randomBytes(8).toString('hex')}] password: `
}

/**
 * Waits until the other side is ready, answering the password prompt on the way. What it wrote after the sign of
 * readiness is put back.
 * @throws SignetError become-failed with what sudo or su said
 */
export function untilReady(
  channel: Channel,
  as: BecomeUser | undefined,
  prompt: string,
  password: Secret | undefined,
  host: string,
  seconds: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = Buffer.alloc(0)
    let errors = ''
    let asked = 0
    let settled = false
    const timer = setTimeout(
      () =>
        finish(
          new SignetError(
            'become-failed',
            `No shell as ${as?.user ?? 'the login user'} within ${seconds} s.`,
            { host },
          ),
        ),
      seconds * 1000,
    )
    const onOutput = (bytes: Buffer): void => {
      output = Buffer.concat([output, bytes])
      const at = output.indexOf(`${READY}\n`)
      if (at < 0) return
      const rest = output.subarray(at + READY.length + 1)
      finish()
      if (rest.length > 0) channel.stdout.unshift(rest)
    }
    const onErrors = (bytes: Buffer): void => {
      errors += bytes.toString()
      const wants = errors.includes(prompt) || (as?.method === 'su' && /assword: ?$/.test(errors))
      if (!wants) return
      if (password === undefined) {
        finish(
          new SignetError('become-failed', `${as?.method ?? 'sudo'} asks for a password; none is given.`, {
            host,
          }),
        )
        return
      }
      errors = ''
      if (++asked > 1)
        finish(
          new SignetError('become-failed', `The password for ${as?.method ?? 'sudo'} is not accepted.`, {
            host,
          }),
        )
      else channel.stdin.write(`${password.reveal()}\n`)
    }
    const finish = (error?: SignetError): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      channel.stdout.off('data', onOutput)
      channel.stderr.off('data', onErrors)
      channel.stdout.pause()
      channel.stderr.pause()
      if (error === undefined) resolve()
      else {
        channel.kill()
        reject(error)
      }
    }
    channel.stdout.on('data', onOutput)
    channel.stderr.on('data', onErrors)
    channel.ended.then(
      (end) => {
        const said = errors.trim().split('\n').at(-1) ?? ''
        if (as === undefined || end.code === undefined) {
          finish(
            new SignetError(
              'connection-lost',
              `The shell ended before it began${said === '' ? '' : `: ${said}`}.`,
              { host },
            ),
          )
          return
        }
        finish(
          new SignetError(
            'become-failed',
            `${as.method} to ${as.user} was refused${said === '' ? '' : `: ${said}`}.`,
            { host },
          ),
        )
      },
      (error: unknown) => finish(new SignetError('connection-lost', String(error), { host })),
    )
  })
}
