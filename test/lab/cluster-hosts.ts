import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { quote, shell, sql, type TestLab } from './servers.js'

/** Plays that make servers with certificates, which speak TLS, of all hosts of the group mysql. */
export const SERVERS = `
- hosts: mysql
  gather_facts: false
  roles: [certificate_authority, server_certificate]
- hosts: mysql
  become: true
  gather_facts: false
  roles: [mysql_tls]
`

/**
 * Two authorities and certificates for servers and clients, on the controller. The servers trust both: whether an
 * account accepts a certificate is then decided by the account alone.
 */
export async function makeCertificates(directory: string, hosts: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true })
  const openssl = (...words: string[]): Buffer =>
    execFileSync('openssl', words, { cwd: directory, stdio: 'pipe' })
  const authority = (file: string, subject: string): void => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${file}-key.pem`,
      '-out',
      `${file}.pem`,
      '-subj',
      subject,
      '-days',
      '9',
    )
  }
  const leaf = async (file: string, name: string, by: string, usage: string): Promise<void> => {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${file}-key.pem`,
      '-out',
      `${file}.csr`,
      '-subj',
      `/CN=${name}`,
    )
    await writeFile(
      join(directory, `${file}.ext`),
      `basicConstraints=critical,CA:FALSE\nextendedKeyUsage=${usage}\nsubjectAltName=DNS:${name}\n`,
    )
    openssl(
      'x509',
      '-req',
      '-in',
      `${file}.csr`,
      '-CA',
      `${by}.pem`,
      '-CAkey',
      `${by}-key.pem`,
      '-CAcreateserial',
      '-extfile',
      `${file}.ext`,
      '-out',
      `${file}-cert.pem`,
      '-days',
      '9',
    )
  }
  authority('ca1', '/CN=MyName')
  authority('ca2', '/CN=Other')
  for (const host of hosts) await leaf(host, host, 'ca1', 'serverAuth,clientAuth')
  await leaf('right', 's2', 'ca1', 'clientAuth')
  await leaf('subject', 'somebody', 'ca1', 'clientAuth')
  await leaf('issuer', 's2', 'ca2', 'clientAuth')
  await leaf('server-only', 's2', 'ca1', 'serverAuth')
  const [one, two] = await Promise.all(
    ['ca1', 'ca2'].map((name) => readFile(join(directory, `${name}.pem`), 'utf8')),
  )
  await writeFile(join(directory, 'ca.pem'), `${one}${two}`)
}

/** Extra variables that let the role mysql_tls take these certificates; connections without TLS stay possible. */
export const tlsVariables = (directory: string): string =>
  JSON.stringify({
    mysql_tls_ca_file: join(directory, 'ca.pem'),
    mysql_tls_certificate_file: `${directory}/{{ inventory_hostname }}-cert.pem`,
    mysql_tls_key_file: `${directory}/{{ inventory_hostname }}-key.pem`,
    mysql_require_secure_transport: false,
  })

/** Puts files of the controller on a host, readable by root only. */
export async function upload(
  lab: TestLab,
  host: string,
  from: string,
  to: string,
  names: readonly string[],
): Promise<void> {
  const commands = await Promise.all(
    names.map(
      async (name) =>
        `printf %s ${quote((await readFile(join(from, name))).toString('base64'))} | base64 -d > ${to}/${name}`,
    ),
  )
  await shell(lab.name, host, `umask 077; mkdir -p ${to}; ${commands.join('; ')}`)
}

/** Makes plain servers of members again, without a restart: what a cluster left is gone, and so are the GTIDs. */
export async function tearDown(lab: TestLab, hosts: readonly string[]): Promise<void> {
  const script = `
    mysql -e 'STOP GROUP_REPLICATION' 2>/dev/null
    # What still comes through a channel would not be among what is taken away below.
    mysql -e 'STOP REPLICA' 2>/dev/null
    set -e
    mysql -NBr > /root/tear-down.sql <<'END'
SELECT 'SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF; SET SESSION sql_log_bin = 0; DROP SCHEMA IF EXISTS mysql_innodb_cluster_metadata;';
SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host), ';') FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%';
SELECT CONCAT('STOP REPLICA FOR CHANNEL ', QUOTE(CHANNEL_NAME), ';') FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME NOT LIKE 'group%';
SELECT CONCAT('RESET REPLICA ALL FOR CHANNEL ', QUOTE(CHANNEL_NAME), ';') FROM performance_schema.replication_connection_configuration;
SELECT 'RESET PERSIST; RESET BINARY LOGS AND GTIDS;';
END
    mysql < /root/tear-down.sql`
  // Secondaries first: a primary that leaves first makes them elect another.
  for (const host of [...hosts].reverse()) await shell(lab.name, host, script)
}

/** Names and values of variables that run on a host. */
export async function variables(
  lab: TestLab,
  host: string,
  like: string,
): Promise<Readonly<Record<string, string>>> {
  const rows = await sql(
    lab.name,
    host,
    `SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.global_variables WHERE VARIABLE_NAME LIKE '${like}'`,
  )
  return Object.fromEntries(rows.map((row) => row.split('\t') as [string, string]))
}

/** Host and state of all members as a server sees them. */
export function members(lab: TestLab, host: string): Promise<readonly string[]> {
  return sql(
    lab.name,
    host,
    'SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY 1',
  )
}

/** Waits until a server has applied everything that another has executed: what was written there arrives when it arrives. */
export async function catchesUp(lab: TestLab, host: string, from: string): Promise<void> {
  const [executed = ''] = await sql(lab.name, from, "SELECT REPLACE(@@global.gtid_executed, '\\n', '')")
  const [late = ''] = await sql(lab.name, host, `SELECT WAIT_FOR_EXECUTED_GTID_SET('${executed}', 120)`)
  if (late !== '0') throw new Error(`${host} lacks transactions of ${from}: ${executed}`)
}
