import { closeSync, openSync, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { SignetError } from '../errors.js'
import type { Listener } from './events.js'
import type { Masks } from './masks.js'

/** Writes every event as one line of JSON to a file, or to a stream. A file is complete up to the last event at any time. */
export function jsonLines(target: string | Writable, masks: Masks): Listener {
  if (typeof target !== 'string')
    return (event) => void target.write(masks.mask(JSON.stringify(event)) + '\n')
  let file: number
  try {
    file = openSync(target, 'w', 0o600)
  } catch (error) {
    throw new SignetError(
      'bad-option',
      `The report ${target} can not be written: ${error instanceof Error ? error.message : ''}.`,
    )
  }
  return (event) => {
    writeSync(file, masks.mask(JSON.stringify(event)) + '\n')
    if (event.event === 'run_end') closeSync(file)
  }
}
