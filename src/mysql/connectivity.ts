import { SignetError } from '../errors.js'
import { createAccount, dropAccount } from './account.js'
import { channelSsl } from './channel.js'
import { newPassword, type GeneratedValues } from './generated.js'
import type { MysqlPool } from './pool.js'
import type { CheckConnectivity, Generated, SqlStep, Statement } from './step.js'
import type { Secret } from '../value/secret.js'

/** A step on a host that is named. */
type SqlOn = SqlStep & { readonly host: string }

const CHANNEL = 'mysqlsh.test'
const USER = 'mysqlsh.test'
/** Errors of a receiver that prove the login: "equal server ids" and "not allowed to replicate" (ER_REPLICA_FATAL_ERROR, ER_REPLICA_SOURCE_COM_FAILURE and their older numbers). */
const LOGGED_IN = new Set([13117, 13120, 1593, 1597, 13121, 13114, 1227])

/**
 * Lets the server `from` log in to `to` through a replication channel with an account that may do nothing, and reads
 * the receiver's error. Account and channel are removed in the end; when it fails, by {@link tidyUp}.
 * @throws SignetError mysql-failed, saying which side refused what
 */
export async function checkConnectivity(
  step: CheckConnectivity,
  fromName: string,
  from: MysqlPool,
  to: MysqlPool,
  generated: GeneratedValues,
): Promise<void> {
  const { login, requirement } = step
  const password = newPassword()
  const send = (pool: MysqlPool, statements: readonly Statement[]) =>
    pool.perform({ do: 'sql', login, statements }, generated)
  if (step.account !== undefined) {
    await logIn(step.account.user, step.account.password, true)
    return
  }
  const opened = await send(to, [{ text: 'SELECT @@global.super_read_only s, @@global.read_only r' }])
  const wasClosed = Number(opened.rows?.[0]?.[0]?.['s'] ?? 0) === 1
  // The test account is as demanding as the real ones, and has a password in any case.
  const demanding = {
    ...requirement,
    authType: requirement.authType.includes('PASSWORD')
      ? requirement.authType
      : (`${requirement.authType}_PASSWORD` as typeof requirement.authType),
  }
  await send(to, [
    UNLOGGED,
    ...(wasClosed ? [{ text: 'SET GLOBAL super_read_only = OFF' }] : []),
    dropAccount(USER, '%'),
    createAccount(USER, '%', demanding, password),
    // A server that takes no writes is closed again at once, not when the check is over.
    ...(wasClosed ? [{ text: 'SET GLOBAL super_read_only = ON' }] : []),
  ])
  await logIn(USER, password, false)
  await send(to, forgetAccount(wasClosed))

  /** An account that may replicate sends nothing that the server has; one that may do nothing is refused after the login. */
  async function logIn(user: string, secret: Secret | Generated | '', mayReplicate: boolean): Promise<void> {
    await send(from, [
      ...CLEAR,
      changeSource(step, user, secret, mayReplicate, await sslOf(from, step, generated)),
      { text: 'START REPLICA IO_THREAD FOR CHANNEL ?', values: [CHANNEL] },
    ])
    const { number, message } = await verdict(from, step, generated)
    if (number !== 0 && (mayReplicate || !LOGGED_IN.has(number)))
      throw explain(step, fromName, number, message)
    await send(from, CLEAR)
  }
}

/** What a check that failed, or broke off, left: its channel and, unless it took one that was there, its account. */
export function tidyUp(step: CheckConnectivity, from: string, toIsReadOnly: boolean): readonly SqlOn[] {
  const { login, to } = step
  return [
    { do: 'sql', host: from, login, statements: CLEAR },
    ...(step.account === undefined
      ? [{ do: 'sql' as const, host: to, login, statements: forgetAccount(toIsReadOnly) }]
      : []),
  ]
}

const UNLOGGED: Statement = { text: 'SET SESSION sql_log_bin = 0' }

function forgetAccount(isReadOnly: boolean): readonly Statement[] {
  return [
    UNLOGGED,
    ...(isReadOnly ? [{ text: 'SET GLOBAL super_read_only = OFF' }] : []),
    dropAccount(USER, '%'),
    ...(isReadOnly ? [{ text: 'SET GLOBAL super_read_only = ON' }] : []),
  ]
}

/** Stops and forgets the channel of the check. */
const CLEAR: readonly Statement[] = [
  { text: 'STOP REPLICA FOR CHANNEL ?', values: [CHANNEL], tolerate: [3074, 1617] },
  { text: 'RESET REPLICA ALL FOR CHANNEL ?', values: [CHANNEL], tolerate: [3074, 1617] },
]

async function sslOf(
  from: MysqlPool,
  step: CheckConnectivity,
  generated: GeneratedValues,
): Promise<Readonly<Record<string, string>>> {
  const { rows = [] } = await from.perform(
    {
      do: 'sql',
      login: step.login,
      statements: [
        {
          text: "SELECT VARIABLE_NAME n, VARIABLE_VALUE v FROM performance_schema.global_variables WHERE VARIABLE_NAME LIKE 'ssl\\_%' OR VARIABLE_NAME LIKE 'tls\\_%'",
        },
      ],
    },
    generated,
  )
  return Object.fromEntries((rows[0] ?? []).map((row) => [String(row['n']), String(row['v'] ?? '')]))
}

function changeSource(
  step: CheckConnectivity,
  user: string,
  password: Secret | Generated | '',
  position: boolean,
  variables: Readonly<Record<string, string>>,
): Statement {
  const ssl = channelSsl(step.sslMode, step.requirement.authType, variables)
  return {
    text: `CHANGE REPLICATION SOURCE TO SOURCE_HOST=?, SOURCE_PORT=?, SOURCE_USER=?, SOURCE_PASSWORD=?, SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=1, SOURCE_DELAY=0${position ? ', SOURCE_AUTO_POSITION=1' : ''}${ssl.text} FOR CHANNEL ?`,
    values: [step.address, step.port, user, password, ...ssl.values, CHANNEL],
  }
}

async function verdict(
  from: MysqlPool,
  step: CheckConnectivity,
  generated: GeneratedValues,
): Promise<{ readonly number: number; readonly message: string }> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const { rows = [] } = await from.perform(
      {
        do: 'sql',
        login: step.login,
        statements: [
          {
            text: 'SELECT SERVICE_STATE s, LAST_ERROR_NUMBER n, LAST_ERROR_MESSAGE m FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME=?',
            values: [CHANNEL],
          },
        ],
      },
      generated,
    )
    const row = rows[0]?.[0]
    const number = Number(row?.['n'] ?? 0)
    if (number !== 0) return { number, message: String(row?.['m'] ?? '') }
    if (row?.['s'] === 'ON') return { number: 0, message: '' }
    if (Date.now() > deadline) return { number: 2003, message: 'no answer within 20 s' }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The receiver's error in the words of the certificates on both sides. */
function explain(step: CheckConnectivity, from: string, number: number, message: string): SignetError {
  const { to, address, port, sslMode, requirement, fromCertificate, toCertificate } = step
  const detail = message.replace(/^.*?message:\s*/i, '').trim()
  const wrong = (sentence: string, hint: string): SignetError =>
    new SignetError('mysql-failed', `${sentence} (${number}: ${detail || message})`, { host: from, hint })
  const issuedBy =
    toCertificate === undefined ? '' : `, ${toCertificate.subject} issued by ${toCertificate.issuer},`
  if (number === 2003 || number === 2005) {
    return wrong(
      `${from} can't connect to ${to} at ${address}:${port}.`,
      `Does ${from} resolve the name ${address}, does mysqld of ${to} listen there, and does no firewall stand between?`,
    )
  }
  if (/certificate verify failed/i.test(message)) {
    const named = toCertificate?.subject === `/CN=${address}`
    if (sslMode === 'VERIFY_IDENTITY' && toCertificate !== undefined && !named) {
      return wrong(
        `${from} does not accept the certificate of ${to}: it is for ${toCertificate.subject}, but ${from} connects to "${address}".`,
        `Issue a certificate for ${to} whose subject alternative name is ${address}, or set report_host to a name of the certificate.`,
      )
    }
    return wrong(
      `${from} does not accept the certificate of ${to}${issuedBy} because its ssl_ca does not hold that authority.`,
      `All servers must trust the authority of all certificates: compare ssl_ca on ${from} with the issuer of ${to}'s certificate.`,
    )
  }
  if (number === 2026 || number === 2013 || /unknown ca|alert|Lost connection/i.test(message)) {
    const own =
      fromCertificate === undefined ? '' : ` (${fromCertificate.subject} issued by ${fromCertificate.issuer})`
    return wrong(
      `${to} does not accept the certificate of ${from}${own} because its ssl_ca does not hold that authority, or TLS between them fails.`,
      `Compare ssl_ca on ${to} with the issuer of ${from}'s certificate.`,
    )
  }
  if (number === 1045) {
    const shown =
      fromCertificate === undefined
        ? 'its certificate'
        : `its certificate (subject ${fromCertificate.subject}, issuer ${fromCertificate.issuer})`
    const wanted = [
      requirement.issuer === '' ? '' : `issuer ${requirement.issuer}`,
      requirement.authType.includes('SUBJECT') ? `subject ${requirement.subject}` : '',
    ]
      .filter((part) => part !== '')
      .join(' and ')
    return wrong(
      `${to} refuses the login of ${from}: ${wanted === '' ? 'access denied' : `accounts require ${wanted}, but ${from} comes with ${shown}`}.`,
      'The server compares these texts byte by byte: see the subject and issuer with `openssl x509 -noout -subject -issuer -nameopt compat`.',
    )
  }
  return wrong(`${from} can't log in to ${to} at ${address}:${port}.`, 'See the error log of both servers.')
}
