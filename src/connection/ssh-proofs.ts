import { readFile } from 'node:fs/promises'
import ssh2, { type AnyAuthMethod, type ParsedKey } from 'ssh2'
import { SignetError } from '../errors.js'
import type { ConnectionTarget } from './target.js'

/** The ways to prove who we are, and their names for when all of them are refused. */
export interface Proofs {
  readonly methods: readonly AnyAuthMethod[]
  readonly names: readonly string[]
}

/**
 * Reads the keys of a target and lists its ways to log in, the likeliest first.
 * @throws SignetError login-refused when there is none
 */
export async function proofsOf(target: ConnectionTarget): Promise<Proofs> {
  const methods: AnyAuthMethod[] = []
  const names: string[] = []
  const problems: string[] = []
  for (const file of target.keyFiles) {
    const text = await readFile(file).catch((error: unknown) => {
      if (target.keysNamed)
        problems.push(
          `The key ${file} can not be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`,
        )
    })
    if (text === undefined) continue
    const parsed = ssh2.utils.parseKey(text, target.keyPassphrase?.reveal())
    const key: ParsedKey | Error = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed
    if (key instanceof Error) {
      if (target.keysNamed)
        problems.push(
          /passphrase|encrypted/i.test(key.message)
            ? `The key ${file} is encrypted.`
            : `The key ${file} can not be used: ${key.message}.`,
        )
    } else {
      methods.push({ type: 'publickey', username: target.user, key })
      names.push(`the key ${file}`)
    }
  }
  if (target.agent !== undefined) {
    const agent: AnyAuthMethod = { type: 'agent', username: target.user, agent: target.agent }
    // A key that was named goes first; when it is encrypted, the agent may have it.
    if (target.keysNamed) methods.push(agent)
    else methods.unshift(agent)
    names.splice(target.keysNamed ? names.length : 0, 0, 'the keys of ssh-agent')
  }
  if (target.password !== undefined) {
    const password = target.password.reveal()
    names.push('the password')
    methods.push({ type: 'password', username: target.user, password })
    methods.push({
      type: 'keyboard-interactive',
      username: target.user,
      prompt: (_name, _text, _language, prompts, finish) => finish(prompts.map(() => password)),
    })
  }
  if (methods.length === 0) {
    throw new SignetError(
      'login-refused',
      problems[0] ?? `There is no key and no password to log in with as ${target.user}.`,
      {
        host: target.host,
        hint: problems.some((problem) => problem.includes('encrypted'))
          ? 'Load it into ssh-agent, or give ansible_ssh_private_key_passphrase.'
          : undefined,
      },
    )
  }
  return { methods, names }
}
