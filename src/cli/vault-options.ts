import { readVaultPassword } from '../source/read-vault-password.js'
import { useVaultPasswords, type VaultPassword } from '../source/vault.js'
import { askSecret } from './ask.js'
import type { Invocation, Option } from './command.js'
import type { Environment } from '../environment.js'

/** Where vault passwords come from, in ansible-playbook's spellings. */
export const VAULT_OPTIONS: readonly Option[] = [
  {
    name: 'vault-password-file',
    kind: 'list',
    value: 'FILE',
    summary: 'Password for encrypted values: a file, or a program that prints it',
    aliases: ['vault-pass-file'],
  },
  {
    name: 'vault-id',
    kind: 'list',
    value: 'LABEL@SOURCE',
    summary: 'The same with a label; the source is a file, a program, or prompt',
  },
  {
    name: 'ask-vault-pass',
    short: 'J',
    kind: 'flag',
    summary: 'Ask for the vault password',
    aliases: ['ask-vault-password'],
  },
]

/**
 * Makes the vault passwords known before any file is read: those of the options, else that of the file that
 * ANSIBLE_VAULT_PASSWORD_FILE names.
 * @throws SignetError file-not-found, vault-locked
 */
export async function takeVaultPasswords(invocation: Invocation, environment: Environment): Promise<void> {
  const passwords: VaultPassword[] = []
  const sources = [...invocation.list('vault-id'), ...invocation.list('vault-password-file')]
  const named = environment.env['ANSIBLE_VAULT_PASSWORD_FILE']
  if (sources.length === 0 && named !== undefined && named !== '') sources.push(named)
  for (const source of sources) {
    const label = /^(?:([\w.-]+)@)?prompt$/.exec(source)
    if (label === null) passwords.push(await readVaultPassword(source, environment.cwd))
    else {
      const password = await askSecret(
        `Vault password${label[1] === undefined ? '' : ` (${label[1]})`}`,
        environment,
      )
      passwords.push({ ...(label[1] === undefined ? {} : { label: label[1] }), password })
    }
  }
  if (invocation.flag('ask-vault-pass'))
    passwords.push({ password: await askSecret('Vault password', environment) })
  useVaultPasswords(passwords)
}
