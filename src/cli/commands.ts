import type { Command } from './command.js'
import { clusterCommand } from './cluster.js'
import { docCommand } from './doc.js'
import { labCommand } from './lab.js'
import { checkCommand, playCommand } from './play.js'
import { validateCommand } from './validate.js'

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  playCommand,
  checkCommand,
  validateCommand,
  clusterCommand,
  docCommand,
  labCommand,
]
