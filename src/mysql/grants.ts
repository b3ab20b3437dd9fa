import { SignetError } from '../errors.js'

/** What an account may do with one object, as the server tells it. */
export interface Granted {
  /** Privileges as MySQL names them, in capitals: `SELECT`, `BACKUP_ADMIN`, `ALL`; for a column `` SELECT(`id`) ``. */
  readonly privileges: readonly string[]
  /** Those of them that the account may hand on (WITH GRANT OPTION); `USAGE` when that is all. */
  readonly grantable: readonly string[]
}

/** Keyed by object as SHOW GRANTS writes it: `*.*`, `` `shop`.* ``, `` PROCEDURE `shop`.`pay` ``. */
export type Grants = Readonly<Record<string, Granted>>

/** What is asked for one object. */
export interface WantedPrivileges {
  readonly privileges: readonly string[]
  readonly grantOption: boolean
}

/** Statements that change the privileges on one object, and those that change them back. */
export interface GrantChange {
  readonly object: string
  readonly text: string
  readonly undo: string
}

const NAME = '(?:`(?:[^`]|``)*`|[^`.\\s]+)'
const quoteName = (name: string): string => (name === '*' ? '*' : `\`${name.replaceAll('`', '``')}\``)
const bareName = (name: string): string =>
  name.startsWith('`') ? name.slice(1, -1).replaceAll('``', '`') : name

/** Splits at commas that are not inside parentheses or backticks. */
function splitList(text: string): readonly string[] {
  return (text.match(/(?:`(?:[^`]|``)*`|\([^)]*\)|[^,])+/g) ?? []).map((each) => each.trim()).filter(Boolean)
}

/** `select (a, B)` becomes `` SELECT(`a`) `` and `` SELECT(`b`) ``: names of columns know no case. */
function privilegesOf(text: string): readonly string[] {
  const match = /^([^(]*?)\s*(?:\((.*)\))?$/s.exec(text)
  const name = (match?.[1] ?? text)
    .toUpperCase()
    .replace(/\s+/g, ' ')
    .replace(/^ALL PRIVILEGES$/, 'ALL')
  const columns = match?.[2]
  if (columns === undefined) return [name]
  return splitList(columns).map((column) => `${name}(${quoteName(bareName(column).toLowerCase())})`)
}

/** Reads what SHOW GRANTS prints. Roles, PROXY and partial revokes are passed over. */
export function parseGrants(lines: readonly string[]): Grants {
  const grants: Record<string, Granted> = {}
  for (const line of lines) {
    const match =
      /^GRANT (.*?) ON ((?:(?:FUNCTION|PROCEDURE|LIBRARY) )?(?:\*|`(?:[^`]|``)*`)\.(?:\*|`(?:[^`]|``)*`)) TO (.*)$/s.exec(
        line,
      )
    const [, list, object, rest = ''] = match ?? []
    if (list === undefined || object === undefined || list === 'PROXY') continue
    const found = splitList(list).flatMap((each) => privilegesOf(each))
    const before = grants[object] ?? { privileges: [], grantable: [] }
    grants[object] = {
      privileges: [...before.privileges, ...found.filter((each) => each !== 'USAGE')],
      grantable: rest.endsWith(' WITH GRANT OPTION') ? [...before.grantable, ...found] : before.grantable,
    }
  }
  return Object.fromEntries(
    Object.entries(grants).filter(
      ([, { privileges, grantable }]) => privileges.length + grantable.length > 0,
    ),
  )
}

/**
 * Reads privileges as playbooks write them: `shop.*:SELECT,INSERT/logs.*:ALL` or a mapping of objects to privileges.
 * @throws SignetError invalid-argument
 */
export function parsePrivileges(
  wanted: string | Readonly<Record<string, string | readonly string[]>>,
): ReadonlyMap<string, WantedPrivileges> {
  const entries: (readonly [string, readonly string[]])[] =
    typeof wanted === 'string'
      ? wanted
          .split('/')
          .map((part) => part.trim())
          .filter((part) => part !== '')
          .map((part) => {
            const colon = part.lastIndexOf(':')
            if (colon < 0) throw refused(part, 'write it as database.table:PRIVILEGE,PRIVILEGE')
            return [part.slice(0, colon), splitList(part.slice(colon + 1))]
          })
      : Object.entries(wanted).map(([object, list]) => [
          object,
          typeof list === 'string' ? splitList(list) : list,
        ])
  const result = new Map<string, WantedPrivileges>()
  for (const [object, list] of entries) {
    const names = list.flatMap((each) => privilegesOf(each))
    // They stand in the statement as they are.
    const odd = names.find((name) => !/^[A-Z][A-Z0-9_ ]*(\(`(?:[^`]|``)*`\))?$/.test(name))
    if (odd !== undefined) throw refused(object, `"${odd}" is no name of a privilege`)
    if (names.includes('REQUIRESSL')) throw refused(object, 'REQUIRESSL is no privilege; use tls_requires')
    const key = objectKey(object)
    const before = result.get(key)
    const isGrant = (name: string): boolean => name === 'GRANT' || name === 'GRANT OPTION'
    const privileges = names.filter((name) => name !== 'USAGE' && !isGrant(name))
    result.set(key, {
      privileges: [...new Set([...(before?.privileges ?? []), ...privileges])],
      grantOption: names.some(isGrant) || before?.grantOption === true,
    })
  }
  return result
}

const refused = (what: string, why: string): SignetError =>
  new SignetError('invalid-argument', `mysql_user: the privileges "${what}" can not be read: ${why}.`, {
    hint: 'For example priv: "shop.*:SELECT,INSERT/logs.events:ALL".',
  })

/** `shop.*`, `` `shop`.`orders` `` or `PROCEDURE shop.pay` as SHOW GRANTS writes it. */
function objectKey(object: string): string {
  const match = new RegExp(`^(?:(FUNCTION|PROCEDURE|LIBRARY)\\s+)?(${NAME})\\.(${NAME})$`, 'i').exec(
    object.trim(),
  )
  const [, kind, database, table] = match ?? []
  if (database === undefined || table === undefined)
    throw refused(object, 'an object is written as database.table, database.* or *.*')
  return `${kind === undefined ? '' : `${kind.toUpperCase()} `}${quoteName(bareName(database))}.${quoteName(bareName(table))}`
}

const isRoutine = (object: string): boolean => /^(FUNCTION|PROCEDURE) /.test(object)

/** What ALL means for an object: on `*.*` and on routines the server writes every privilege out. */
function expanded(
  object: string,
  privileges: readonly string[],
  everything: readonly string[],
): readonly string[] {
  if (!privileges.includes('ALL')) return privileges
  if (object === '*.*') return everything
  return isRoutine(object) ? ['EXECUTE', 'ALTER ROUTINE'] : ['ALL']
}

export type GrantMode = 'exact' | 'append' | 'subtract'

/**
 * The statements that give an account what is wanted. `exact` also takes away everything else, `append` only adds,
 * `subtract` takes away what is named.
 * @param account quoted text of the account: `'app'@'%'`
 * @param everything every privilege that there is on `*.*` (SHOW PRIVILEGES)
 */
export function grantChanges(
  wanted: ReadonlyMap<string, WantedPrivileges>,
  current: Grants,
  mode: GrantMode,
  account: string,
  everything: readonly string[],
): readonly GrantChange[] {
  const changes: GrantChange[] = []
  const give = (object: string, names: readonly string[], option: boolean): string =>
    `GRANT ${listOf(names)} ON ${object} TO ${account}${option ? ' WITH GRANT OPTION' : ''}`
  const take = (object: string, names: readonly string[]): string =>
    `REVOKE ${listOf(names)} ON ${object} FROM ${account}`
  const reduce = (object: string, surplus: readonly string[], option: boolean): void => {
    const { grantable = [] } = current[object] ?? {}
    if (surplus.length > 0) {
      const handed = surplus.filter((each) => grantable.includes(each))
      changes.push({ object, text: take(object, surplus), undo: give(object, surplus, handed.length > 0) })
    }
    if (option && grantable.length > 0)
      changes.push({
        object,
        text: take(object, ['GRANT OPTION']),
        undo: give(object, grantable, true),
      })
  }
  for (const [object, { privileges, grantOption }] of wanted) {
    const has = current[object] ?? { privileges: [], grantable: [] }
    const names = expanded(object, privileges, everything)
    const covers = (list: readonly string[], name: string): boolean =>
      list.includes(name) || (list.includes('ALL') && name !== 'USAGE')
    if (mode === 'subtract') {
      const named = names.includes('ALL') ? has.privileges : names
      reduce(
        object,
        named.filter((name) => covers(has.privileges, name)),
        grantOption,
      )
      continue
    }
    if (mode === 'exact')
      reduce(
        object,
        has.privileges.filter((name) => !covers(names, name)),
        !grantOption,
      )
    // Taking away ALL leaves nothing of what the server sums up by it.
    const lost = mode === 'exact' && has.privileges.includes('ALL') && !names.includes('ALL')
    const missing = lost ? names : names.filter((name) => !covers(has.privileges, name))
    const unhanded = grantOption
      ? (names.length === 0 ? ['USAGE'] : names).filter((name) => lost || !covers(has.grantable, name))
      : []
    const given = [...new Set([...missing, ...unhanded])]
    if (given.length > 0) {
      const shown = given.length === everything.length && privileges.includes('ALL') ? ['ALL'] : given
      changes.push({
        object,
        text: give(object, shown, grantOption),
        undo: take(object, [
          ...missing,
          ...(grantOption && has.grantable.length === 0 ? ['GRANT OPTION'] : []),
        ]),
      })
    }
  }
  if (mode === 'exact')
    for (const object of Object.keys(current))
      if (!wanted.has(object)) reduce(object, current[object]?.privileges ?? [], true)
  return changes
}

/** `` SELECT(`a`) `` is a privilege on a column already as SQL writes it. */
const listOf = (names: readonly string[]): string =>
  names.map((name) => (name === 'ALL' ? 'ALL PRIVILEGES' : name)).join(', ')

/** What an account has once the wanted privileges were given: for check mode. */
export function grantsAfter(
  wanted: ReadonlyMap<string, WantedPrivileges>,
  current: Grants,
  mode: GrantMode,
  everything: readonly string[],
): Grants {
  const after: Record<string, Granted> = mode === 'exact' ? {} : { ...current }
  for (const [object, { privileges, grantOption }] of wanted) {
    const names = expanded(object, privileges, everything)
    const has = current[object] ?? { privileges: [], grantable: [] }
    if (mode === 'subtract')
      after[object] = {
        privileges: names.includes('ALL') ? [] : has.privileges.filter((name) => !names.includes(name)),
        grantable: grantOption ? [] : has.grantable,
      }
    else {
      const all = mode === 'append' ? [...new Set([...has.privileges, ...names])] : names
      after[object] = {
        privileges: all,
        grantable: grantOption
          ? all.length === 0
            ? ['USAGE']
            : all
          : mode === 'append'
            ? has.grantable
            : [],
      }
    }
  }
  return Object.fromEntries(
    Object.entries(after).filter(([, { privileges, grantable }]) => privileges.length + grantable.length > 0),
  )
}
