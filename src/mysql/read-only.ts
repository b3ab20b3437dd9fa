import { SignetError } from '../errors.js'

const FORBIDDEN =
  /\bINTO\s+(OUTFILE|DUMPFILE|@)|\bFOR\s+(UPDATE|SHARE)\b|\bLOCK\s+IN\s+SHARE\b|\b(GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|SLEEP|BENCHMARK|LOAD_FILE|MASTER_POS_WAIT|SOURCE_POS_WAIT)\s*\(|\bservice_\w+_locks\s*\(|\b(group_replication_(?!get_)|asynchronous_connection_failover_)\w+\s*\(|\b(keyring|audit_log|mysql_firewall|version_tokens|gen_)\w*\s*\(|:=/i

/**
 * Refuses what is not one reading statement: a probe must not be able to write. Stored functions are stopped by the
 * read-only transaction that every question runs in.
 * @throws SignetError mysql-failed
 */
export function assertReadOnly(statement: string): void {
  if (isReadOnly(statement)) return
  throw new SignetError('mysql-failed', `This statement does more than read: ${statement.slice(0, 120)}`, {
    hint: 'A probe may only SELECT and SHOW.',
  })
}

/** Comments, texts and quoted names, whichever begins first: what is inside them is no word of the statement. */
const PASSED_OVER =
  /(\/\*[\s\S]*?\*\/|(?:--(?=\s|$)|#)[^\n]*)|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`/g

/** Whether a text is one statement that only reads, as far as its words tell. */
export function isReadOnly(statement: string): boolean {
  const bare = statement.replace(PASSED_OVER, (_, comment: string | undefined) =>
    comment === undefined ? "''" : ' ',
  )
  const reads =
    /^\s*(SELECT|SHOW|WITH|TABLE|VALUES|\(\s*SELECT)\b/i.test(bare) &&
    !/\b(INSERT|UPDATE|DELETE|REPLACE)\s+(INTO|FROM|[\w.']+\s+SET)\b/i.test(bare) &&
    // What a WITH leads to is often joined or aliased first.
    !(/^\s*WITH\b/i.test(bare) && /\b(UPDATE|DELETE)\b/i.test(bare))
  return reads && !FORBIDDEN.test(bare) && !/;\s*\S/.test(bare) && !/\/\*!/.test(statement)
}
