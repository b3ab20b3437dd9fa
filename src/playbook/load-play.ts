import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { readVars } from '../inventory/vars-directory.js'
import { placeOf, placeOfKey, placeOfValue } from '../source/source-file.js'
import { isList, isMap, showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { checkKeywords } from './check-keywords.js'
import { checkNotify } from './check-notify.js'
import { checkTemplates } from './check-templates.js'
import { handDown, isYes, texts, type Inherited } from './inherit.js'
import { newContext, type LoadOptions } from './load-context.js'
import { collectTasks, loadRoleList } from './load-role.js'
import { loadPrompts } from './load-prompts.js'
import { loadItems } from './load-tasks.js'
import type { Item, Play } from './play.js'
import type { Problems } from './problems.js'

const SECTIONS = ['pre_tasks', 'roles', 'tasks', 'post_tasks', 'handlers']

/**
 * Loads one play with its roles and tasks. Mistakes go to `problems`.
 * @param path absolute path of the playbook
 * @param outer what import_playbook hands down
 */
export async function loadPlay(
  body: ValueMap,
  path: string,
  outer: Inherited,
  options: LoadOptions,
  problems: Problems,
): Promise<Play> {
  const place = placeOf(body) ?? { file: path, line: 1, column: 1 }
  checkPlay(body, place, problems)
  const directory = dirname(path)
  await checkVarsFiles(body, directory, options.cwd, problems)
  const context = newContext(options, { playbookDirectory: directory, directory, problems, chain: [path] })
  // The play's variables are a level of their own: they are not handed down to each task.
  const own = handDown(body, outer)
  const inherited: Inherited = { ...own, vars: outer.vars }

  const sections: (readonly Item[])[] = []
  sections.push(await loadItems(body['pre_tasks'], inherited, context, 'task'))
  const fromRoles = await loadRoleList(body['roles'], inherited, context)
  sections.push([...fromRoles, ...(await loadItems(body['tasks'], inherited, context, 'task'))])
  sections.push(await loadItems(body['post_tasks'], inherited, context, 'task'))
  for (const item of await loadItems(body['handlers'], inherited, context, 'handler'))
    collectTasks(item, context.handlers)
  checkNotify(context)

  const hosts = texts(body['hosts']).join(',')
  const optional = <K extends string>(name: K, value: Value | undefined): Partial<Record<K, Value>> =>
    value === undefined ? {} : ({ [name]: value } as Record<K, Value>)
  return {
    place,
    name: body['name'] === undefined ? hosts : showValue(body['name']),
    hosts,
    hostsPlace: placeOfValue(body, 'hosts') ?? place,
    vars: isMap(body['vars']) ? body['vars'] : {},
    varsFiles: isList(body['vars_files'])
      ? body['vars_files']
      : body['vars_files'] === undefined
        ? []
        : [body['vars_files']],
    prompts: loadPrompts(body['vars_prompt'], place, problems),
    gatherFacts: body['gather_facts'] === undefined || isYes(body['gather_facts']),
    ...optional('serial', body['serial']),
    ...(body['max_fail_percentage'] === undefined
      ? {}
      : { maxFailPercentage: parseFloat(showValue(body['max_fail_percentage'])) }),
    anyErrorsFatal: own.anyErrorsFatal,
    forceHandlers: isYes(body['force_handlers']),
    become: own.become,
    ...optional('remoteUser', body['remote_user']),
    ...optional('port', body['port']),
    ...optional('connection', body['connection']),
    environment: own.environment,
    tags: own.tags,
    roles: context.roles,
    sections,
    handlers: context.handlers,
  }
}

function checkPlay(body: ValueMap, place: Play['place'], problems: Problems): void {
  checkKeywords(body, 'play', problems, { allowed: () => false })
  checkTemplates(body, problems, SECTIONS)
  const hosts = body['hosts']
  if (hosts === undefined)
    problems.add(
      'invalid-playbook',
      'This play does not say on which hosts it runs.',
      place,
      'Add `hosts: PATTERN`.',
    )
  else if (hosts === null || hosts === '' || (isList(hosts) && texts(hosts).every((each) => each === ''))) {
    problems.add(
      'no-hosts',
      'The host pattern of this play is empty.',
      placeOfKey(body, 'hosts'),
      'Write hosts: all, or the name of a group.',
    )
  }
  const { strategy } = body
  if (typeof strategy === 'string' && !/^(ansible\.builtin\.)?linear$/.test(strategy)) {
    problems.add(
      'unsupported-keyword',
      `The strategy "${strategy}" is not supported.`,
      placeOfValue(body, 'strategy'),
      'Remove it: hosts run side by side, task by task.',
    )
  }
}

/** Files of variables whose names are no templates must be there, and be right, before anything runs. */
async function checkVarsFiles(
  body: ValueMap,
  directory: string,
  cwd: string,
  problems: Problems,
): Promise<void> {
  const files = body['vars_files']
  const list: readonly Value[] = isList(files) ? files : files === undefined ? [] : [files]
  for (const [index, file] of list.entries()) {
    if (typeof file !== 'string' || file.includes('{{')) continue
    const place = isList(files) ? placeOfValue(files, index) : placeOfValue(body, 'vars_files')
    const path = resolve(directory, file)
    if ((await stat(path).catch(() => undefined)) === undefined) {
      problems.add(
        'file-not-found',
        `There is no file of variables "${file}".`,
        place,
        `Looked in ${directory}.`,
      )
      continue
    }
    try {
      for (const { values } of await readVars(path, cwd)) checkTemplates(values, problems)
    } catch (error) {
      problems.addError(error, place)
    }
  }
}
