import { dirname, resolve } from 'node:path'
import { readYaml } from '../source/read-yaml.js'
import { closest } from '../source/closest.js'
import type { Place } from '../source/place.js'
import { placeOf, placeOfKey, placeOfValue } from '../source/source-file.js'
import { isList, isMap, kindOf } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { bareName } from './action-table.js'
import { checkTemplates } from './check-templates.js'
import { handDown, NOTHING_INHERITED, type Inherited } from './inherit.js'
import type { LoadOptions } from './load-context.js'
import { loadPlay } from './load-play.js'
import type { Play, Playbook } from './play.js'
import { Problems } from './problems.js'

export { includeRole, includeTasks } from './include.js'
export type { LoadOptions } from './load-context.js'

/** Keywords that may stand beside import_playbook; they count for every play that is imported. */
const IMPORT_KEYWORDS = ['name', 'vars', 'when', 'tags']

/**
 * Loads a playbook with everything that it imports and checks all of it: keywords, modules, arguments, roles,
 * handlers and the syntax of templates. @throws SignetErrors with all mistakes, in the order of the lines
 */
export async function loadPlaybook(file: string, options: LoadOptions): Promise<Playbook> {
  const problems = new Problems()
  const path = resolve(options.cwd, file)
  const plays = await loadPlays(path, NOTHING_INHERITED, options, problems, [], undefined)
  problems.throwIfAny()
  return { file, directory: dirname(path), plays }
}

async function loadPlays(
  path: string,
  outer: Inherited,
  options: LoadOptions,
  problems: Problems,
  chain: readonly string[],
  from: Place | undefined,
): Promise<readonly Play[]> {
  let data: Value
  let file: string
  try {
    ;({ data, file } = await readYaml(path, options.cwd))
  } catch (error) {
    problems.addError(error, from)
    return []
  }
  if (!isList(data)) {
    const place = (isMap(data) ? placeOf(data) : undefined) ?? { file, line: 1, column: 1 }
    problems.add(
      'invalid-playbook',
      `A playbook is a list of plays, not ${kindOf(data)}.`,
      place,
      'Begin each play with `- hosts: PATTERN`.',
    )
    return []
  }
  const plays: Play[] = []
  for (const [index, body] of data.entries()) {
    if (!isMap(body)) {
      problems.add(
        'invalid-playbook',
        `A play is a mapping, not ${kindOf(body)}.`,
        placeOfValue(data, index),
        'Begin each play with `- hosts: PATTERN`.',
      )
      continue
    }
    const key = Object.keys(body).find((each) => bareName(each) === 'import_playbook')
    if (key === undefined) plays.push(await loadPlay(body, path, outer, options, problems))
    else plays.push(...(await importPlaybook(body, key, path, outer, options, problems, chain)))
  }
  return plays
}

async function importPlaybook(
  body: ValueMap,
  key: string,
  path: string,
  outer: Inherited,
  options: LoadOptions,
  problems: Problems,
  chain: readonly string[],
): Promise<readonly Play[]> {
  const place = placeOfValue(body, key)
  for (const other of Object.keys(body)) {
    if (other === key || IMPORT_KEYWORDS.includes(other)) continue
    const near = closest(other, IMPORT_KEYWORDS)
    problems.add(
      'unknown-keyword',
      `"${other}" may not stand beside import_playbook.`,
      placeOfKey(body, other),
      near === undefined ? `There may be ${IMPORT_KEYWORDS.join(', ')}.` : `Did you mean ${near}?`,
    )
  }
  checkTemplates(body, problems, [key])
  const name = body[key]
  if (typeof name !== 'string' || name.includes('{{')) {
    problems.add(
      'invalid-playbook',
      'import_playbook needs the name of a file that is no template.',
      place,
      'Write the path of a playbook, relative to this one.',
    )
    return []
  }
  const other = resolve(dirname(path), name)
  if ([path, ...chain].includes(other)) {
    problems.add('invalid-playbook', 'This playbook imports itself.', place, 'Remove one of the imports.')
    return []
  }
  return loadPlays(other, handDown(body, outer), options, problems, [...chain, path], place)
}
