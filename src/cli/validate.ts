import { EXIT, SignetError } from '../errors.js'
import { findModule, moduleNames } from '../modules/index.js'
import type { Command } from './command.js'
import { foundValid, loadAll } from './play.js'
import { takeVaultPasswords, VAULT_OPTIONS } from './vault-options.js'

/** `signet validate`: checks playbooks whole, with their roles, and opens no connection. */
export const validateCommand: Command = {
  name: 'validate',
  summary: 'Check playbooks, roles and module arguments; all mistakes at once, no connection',
  usage: 'PLAYBOOK…',
  options: [
    {
      name: 'roles-path',
      kind: 'list',
      value: 'DIRECTORY',
      summary: 'Where to look for roles, besides roles/ beside the playbook',
    },
    ...VAULT_OPTIONS,
  ],
  run: async (invocation, environment) => {
    if (invocation.positionals.length === 0)
      throw new SignetError('bad-option', 'Which playbook?', { hint: 'signet validate PLAYBOOK' })
    await takeVaultPasswords(invocation, environment)
    const playbooks = await loadAll(invocation.positionals, {
      load: { cwd: environment.cwd, findModule, moduleNames, rolesPath: invocation.list('roles-path') },
    })
    for (const playbook of playbooks) environment.stdout.write(foundValid(playbook))
    return EXIT.done
  },
}
