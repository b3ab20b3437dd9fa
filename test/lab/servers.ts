import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lab from '../../src/lab/lab.js'
import { inventoryText } from '../../src/lab/inventory-text.js'
import { hostNames } from '../../src/lab/layout.js'
import { onHost } from './on-host.js'
import { PROJECT } from './signet.js'

/** A lab of its own for one test file, with an inventory in a temporary directory. */
export interface TestLab {
  readonly name: string
  readonly directory: string
  readonly inventory: string
  readonly hosts: readonly string[]
}

/** The lab's name for one test file: its own in every clone, so that clones can be tested side by side. */
export function testLab(purpose: string): string {
  return `t-${purpose}-${createHash('sha256').update(PROJECT).digest('hex').slice(0, 4)}`
}

const context: lab.LabContext = { env: process.env, say: () => undefined }

/** Boots blank hosts under a name of its own; what an earlier run left is thrown away. */
export async function startLab(name: string, count: number): Promise<TestLab> {
  await lab.down(name, context)
  const layout = await lab.up(name, count, context)
  const directory = await mkdtemp(join(tmpdir(), `signet-${name}-`))
  const inventory = join(directory, 'hosts.yml')
  await writeFile(inventory, inventoryText(layout, hostNames(count)))
  return { name, directory, inventory, hosts: hostNames(count) }
}

export async function stopLab(name: string): Promise<void> {
  await lab.down(name, context)
}

/** Throws the disks of hosts away and boots them blank. */
export async function resetHosts(name: string, hosts: readonly string[]): Promise<void> {
  await lab.reset(name, hosts, context)
}

/** What a shell command on a host prints. Fails when the command does. */
export async function shell(name: string, host: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await onHost(name, host, command)
  assert.equal(code, 0, `${host}: ${command}\n${stdout}${stderr}`)
  return stdout.trim()
}

/** A shell command that may fail: exit code and everything that it printed. */
export async function tryShell(
  name: string,
  host: string,
  command: string,
): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stdout, stderr } = await onHost(name, host, command)
  return { code, text: stdout + stderr }
}

/** The rows of a query on a host as tab-separated lines. */
export async function sql(name: string, host: string, query: string): Promise<readonly string[]> {
  const text = await shell(name, host, `mysql -N -B -e ${quote(query)}`)
  return text === '' ? [] : text.split('\n')
}

export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Everything of a server that a cancelled operation must leave as it was. */
export async function serverState(name: string, host: string): Promise<string> {
  const queries = [
    'SELECT user, host, ssl_type, x509_issuer, x509_subject, plugin, HEX(authentication_string) FROM mysql.user ORDER BY 1, 2',
    'SELECT GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.USER_PRIVILEGES ORDER BY 1, 2',
    'SELECT GRANTEE, TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES ORDER BY 1, 2, 3',
    'SELECT user, host, db, table_name FROM mysql.tables_priv ORDER BY 1, 2, 3, 4',
    'SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.persisted_variables ORDER BY 1',
    "SELECT CHANNEL_NAME, HOST, PORT, USER, SSL_ALLOWED FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME NOT LIKE 'group\\_replication\\_%' OR USER <> '' ORDER BY 1",
    'SELECT MEMBER_ID, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY 1',
    'SELECT @@global.super_read_only, @@global.read_only, @@global.offline_mode',
    'SHOW DATABASES',
    // ON, or CONNECTING while the source is away.
    "SELECT CHANNEL_NAME, SERVICE_STATE <> 'OFF' FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME NOT LIKE 'group\\_replication\\_%' ORDER BY 1",
  ]
  // One login for all: it costs more than the queries.
  const metadata =
    'SELECT cluster_name, primary_mode, attributes FROM mysql_innodb_cluster_metadata.clusters; SELECT address, attributes FROM mysql_innodb_cluster_metadata.instances; SELECT domain_name FROM mysql_innodb_cluster_metadata.clustersets'
  const group =
    'SELECT name, enabled FROM performance_schema.replication_group_member_actions ORDER BY 1; SELECT @@global.group_replication_bootstrap_group'
  return shell(
    name,
    host,
    `set -e; mysql -N -B -e ${quote(queries.join("; SELECT '--'; "))}
    there=$(mysql -N -B -e "SHOW DATABASES; SHOW TABLES FROM performance_schema LIKE 'replication_group_member_actions'")
    case $there in *mysql_innodb_cluster_metadata*) mysql -N -B -e ${quote(metadata)};; esac
    case $there in *replication_group_member_actions*) mysql -N -B -e ${quote(group)};; esac`,
  )
}

/** All files that a run could change, with owner, mode, size and time; what changes by itself is left out. */
export async function fileState(name: string, host: string): Promise<string> {
  return shell(
    name,
    host,
    "find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /tmp -o -path /var/log -o -path /var/lib/mysql -o -path /var/lib/systemd -o -path /var/tmp -o -path /var/cache \\) -prune -o \\( -type f -o -type l -o -type d \\) -printf '%p %m %u %g %s %T@\\n' | grep -v -e '^/ ' -e '^/root ' | sort | sha256sum; ls /var/lib/mysql | sort; cat /var/lib/mysql/mysqld-auto.cnf 2>/dev/null; true",
  )
}
