import { EXIT, SignetError } from '../errors.js'
import { findModule, moduleNames, MODULES } from '../modules/index.js'
import { moduleDoc } from '../modules/module-doc.js'
import { closest } from '../source/closest.js'
import type { Command } from './command.js'

/** `signet doc`: what the modules do and take, from their own schemas. */
export const docCommand: Command = {
  name: 'doc',
  summary: 'Show the modules, or one of them with its arguments and examples',
  usage: '[MODULE]',
  options: [],
  run: (invocation, environment) => {
    const [name] = invocation.positionals
    if (name === undefined) {
      const width = Math.max(...MODULES.map((module) => module.name.length))
      environment.stdout.write(
        MODULES.map((module) => `${module.name.padEnd(width)}  ${module.summary}\n`).join(''),
      )
      return Promise.resolve(EXIT.done)
    }
    const module = findModule(name)
    if (module === undefined) {
      const near = closest(name, moduleNames())
      throw new SignetError('unknown-module', `There is no module "${name}".`, {
        hint: near === undefined ? undefined : `Did you mean ${near}?`,
      })
    }
    environment.stdout.write(moduleDoc(module))
    return Promise.resolve(EXIT.done)
  },
}
