import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { parseEvents, YAMLException, type Event } from 'js-yaml'
import { SignetError } from '../errors.js'
import { isList, isMap } from '../value/shape.js'
import type { Value } from '../value/value.js'
import { YamlBuilder } from './build-yaml.js'
import { explainYamlError } from './explain-yaml-error.js'
import { rememberText } from './file-texts.js'
import { placesOf } from './places.js'
import { carryPlaces, type SourceFile } from './source-file.js'
import { decryptVault, isVault, openedSecret } from './vault.js'

/**
 * Parses a YAML text of one document. Booleans, integers and nulls are those of YAML 1.1, as Ansible users know
 * them (`yes`, `0644`); dates stay text. Every node's place is remembered (source-file.ts). A text that is
 * encrypted as a whole is decrypted; the texts in it are secret.
 * @param file the name that places carry
 * @throws SignetError yaml-syntax with the place, vault-locked
 */
export function parseYaml(written: string, file: string): SourceFile {
  const text = written.replace(/^\uFEFF/, '')
  rememberText(file, text)
  if (!isVault(text)) return { file, text, data: dataOf(text, file) }
  const decrypted = decryptVault(text, { file, line: 1, column: 1 })
  return { file, text, data: sealed(dataOf(decrypted, file)) }
}

function dataOf(text: string, file: string): Value {
  const place = placesOf(text, file)
  let events: Event[]
  try {
    events = parseEvents(text, { filename: file })
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const mistake = explainYamlError(text, error.mark?.position ?? 0, error.reason)
    throw new SignetError('yaml-syntax', mistake.message, {
      place: place(mistake.offset),
      hint: mistake.hint,
      cause: error,
    })
  }
  return new YamlBuilder(events, text, place).document()
}

/** Texts of an encrypted file as secrets, but for those that are templates: what flows into them is secret itself. */
function sealed(value: Value): Value {
  if (typeof value === 'string') return /\{[{%#]/.test(value) ? value : openedSecret(value)
  if (isList(value))
    return carryPlaces(
      value,
      value.map((item) => sealed(item)),
    )
  if (!isMap(value)) return value
  return carryPlaces(
    value,
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sealed(item)])),
  )
}

/** Reads and parses a YAML file. @throws SignetError file-not-found, yaml-syntax, vault-locked */
export async function readYaml(path: string, cwd: string): Promise<SourceFile> {
  const absolute = resolve(cwd, path)
  const shown = shownPath(absolute, cwd)
  return parseYaml(await readText(absolute, shown), shown)
}

/** Reads a text file. @throws SignetError file-not-found, in words */
export async function readText(absolute: string, shown: string): Promise<string> {
  try {
    return await readFile(absolute, 'utf8')
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new SignetError('file-not-found', `${shown} can not be read: ${REASONS[code] ?? message}.`, {
      cause: error,
    })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'you may not read it',
}

/** A path as the user would name it: relative to the working directory when it lies below it. */
export function shownPath(absolute: string, cwd: string): string {
  const below = relative(cwd, absolute)
  return below === '' || below.startsWith('..') ? absolute : below
}
