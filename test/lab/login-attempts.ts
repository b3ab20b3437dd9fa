import assert from 'node:assert/strict'
import type { AuthType } from '../../src/mysql/step.js'
import { upload } from './cluster-hosts.js'
import { shell, type TestLab } from './servers.js'

/** What a client comes with: a certificate (none: TLS without one; plain: no TLS), and a password. */
const CERTIFICATES = ['right', 'none', 'issuer', 'subject', 'plain'] as const
const PASSWORDS = ['right', 'wrong', 'none'] as const

/** What an account of a type has to accept. */
function isAccepted(
  type: AuthType,
  certificate: (typeof CERTIFICATES)[number],
  password: (typeof PASSWORDS)[number],
): boolean {
  const known = password === (type.endsWith('PASSWORD') ? 'right' : 'none')
  if (type === 'PASSWORD') return known
  return known && (certificate === 'right' || (certificate === 'subject' && type.includes('ISSUER')))
}

/** Puts the certificates that the attempts come with on s2. @param pki made by makeCertificates */
export function uploadClients(lab: TestLab, pki: string): Promise<void> {
  return upload(lab, 's2', pki, '/root/client', [
    'ca.pem',
    ...['right', 'issuer', 'subject'].flatMap((name) => [`${name}-cert.pem`, `${name}-key.pem`]),
  ])
}

/**
 * Logs in from s2 to s1 as s2's channel does, with everything that a client may come with, all at once: the account
 * accepts what its type of authentication says, and nothing else.
 */
export async function proveAccount(
  lab: TestLab,
  user: string,
  channel: string,
  type: AuthType,
): Promise<void> {
  const attempts = CERTIFICATES.flatMap((certificate) =>
    PASSWORDS.map((password) => {
      const pair = `--ssl-cert=/root/client/${certificate}-cert.pem --ssl-key=/root/client/${certificate}-key.pem`
      const tls =
        certificate === 'plain'
          ? '--ssl-mode=DISABLED --get-server-public-key'
          : `--ssl-mode=VERIFY_IDENTITY --ssl-ca=/root/client/ca.pem ${certificate === 'none' ? '' : pair}`
      const secret = { right: 'MYSQL_PWD="$pw"', wrong: 'MYSQL_PWD=wrong', none: '' }[password]
      return `(${secret} mysql --no-defaults -u ${user} -h s1 ${tls} -e 'DO 0' 2>/dev/null; echo ${certificate} ${password} $?) &`
    }),
  )
  const query = `SELECT User_name, User_password FROM mysql.slave_master_info WHERE Channel_name='${channel}'`
  const text = await shell(
    lab.name,
    's2',
    `row=$(mysql -NBre "${query}"); pw=$(printf %s "$row" | cut -f2); printf '%s\n' "$row" | cut -f1; test -z "$pw"; echo $?\n${attempts.join('\n')}\nwait`,
  )
  const [name, hasPassword, ...lines] = text.split('\n')
  assert.deepEqual([name, hasPassword], [user, type.endsWith('PASSWORD') ? '1' : '0'])
  const answers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.endsWith(' 0')]),
  )
  for (const certificate of CERTIFICATES)
    for (const password of PASSWORDS) {
      // A password-less account has no other right password than none.
      if (password === 'right' && !type.endsWith('PASSWORD')) continue
      assert.equal(
        answers[`${certificate} ${password}`],
        isAccepted(type, certificate, password),
        `${type}: certificate ${certificate}, password ${password}`,
      )
    }
}
