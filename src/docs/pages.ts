import { COMMANDS } from '../cli/commands.js'
import { MODULES } from '../modules/index.js'
import { keywordsPage } from '../playbook/keywords-page.js'
import { playbookSchema } from '../playbook/schema.js'
import { commandPage } from './command-page.js'
import { errorsPage, exitCodesPage } from './error-pages.js'
import { modulePages } from './module-pages.js'

/** Every file that is made from the program's own tables, by its path in the project. */
export function generatedPages(): Readonly<Record<string, string>> {
  return {
    'schema/playbook.schema.json': `${JSON.stringify(playbookSchema(MODULES), null, 1)}\n`,
    'docs/cli.md': commandPage(COMMANDS),
    'docs/errors.md': errorsPage(),
    'docs/exit-codes.md': exitCodesPage(),
    'docs/keywords.md': keywordsPage(),
    ...modulePages(MODULES),
  }
}
