import assert from 'node:assert/strict'
import { autoIncrement, groupVariables } from '../../../src/mysql/group-variables.js'
import { serverIdFor } from '../../../src/mysql/instance-report.js'
import { chooseRecovery, refuseClone } from '../../../src/mysql/recovery-method.js'
import { configErrors } from '../../../src/mysql/requirements.js'
import { refuseVersion } from '../../../src/mysql/join-refusals.js'
import { refuseLocalAddress, localAddressOf } from '../../../src/mysql/local-address.js'
import type { AuthType, SslMode } from '../../../src/mysql/step.js'
import type { Server } from '../../../src/mysql/topology.js'

/** A server with nothing but what these rules look at. */
function server(host: string, version = '9.7.4', variables: Record<string, string> = {}): Server {
  const picture = {
    kind: 'up' as const,
    version,
    uuid: host,
    serverId: 3,
    host,
    port: 3306,
    variables: { version_compile_os: 'Linux', ...variables },
    persisted: {},
    tls: true,
    plugins: [],
    members: [],
    memberActions: {},
    channels: [],
    channelDetails: {},
    managedSources: [],
    accounts: [],
    gtidExecuted: '',
    gtidPurged: '',
    secureThreads: [],
  }
  return { host, picture }
}

describe('settings that InnoDB Cluster needs', () => {
  const errors = (
    version: string,
    variables: Record<string, string>,
    persisted: Record<string, string> = {},
  ) => configErrors({ version, variables, persisted }).map(({ option, action }) => `${option} ${action}`)

  it('are asked for by version', () => {
    const old = {
      master_info_repository: 'FILE',
      transaction_write_set_extraction: 'OFF',
      binlog_transaction_dependency_tracking: 'COMMIT_ORDER',
    }
    assert.deepEqual(errors('8.0.33', old), [
      'master_info_repository server_update+restart',
      'transaction_write_set_extraction server_update+restart',
      'binlog_transaction_dependency_tracking server_update',
    ])
    assert.deepEqual(errors('8.3.0', old), ['binlog_transaction_dependency_tracking server_update'])
    assert.deepEqual(errors('8.4.0', old), [])
  })
  it('GTID consistency comes before GTID mode', () => {
    assert.deepEqual(errors('9.7.4', { gtid_mode: 'OFF', enforce_gtid_consistency: 'OFF' }), [
      'enforce_gtid_consistency server_update+restart',
      'gtid_mode server_update+restart',
    ])
  })
  it('what is persisted counts at the next start', () => {
    assert.deepEqual(errors('9.7.4', { gtid_mode: 'OFF' }, { gtid_mode: 'ON' }), ['gtid_mode restart'])
    assert.deepEqual(errors('9.7.4', { gtid_mode: 'ON' }, { gtid_mode: 'OFF' }), ['gtid_mode server_update'])
  })
  it('what SQL can not set has to be set in the option file', () => {
    assert.deepEqual(errors('9.7.4', { log_bin: 'OFF', port: '3306', report_port: '3307' }), [
      'log_bin config_update+restart',
      'report_port config_update+restart',
    ])
  })
  it('a number made of a UUID is always the same', () => {
    assert.equal(serverIdFor('a'), serverIdFor('a'))
    assert.notEqual(serverIdFor('a'), serverIdFor('b'))
  })
})

describe('how data comes to a member', () => {
  const choose = (
    wanted: 'auto' | 'incremental' | 'clone',
    within: boolean,
    complete: boolean,
    disabled = false,
  ): string => {
    const recovery = chooseRecovery(wanted, server('s2'), server('s1'), { within, complete }, disabled)
    return 'method' in recovery ? recovery.method : recovery.refusal
  }
  it('by binary logs where that is possible, by clone where logs are gone, never by losing transactions', () => {
    assert.equal(choose('auto', true, true), 'incremental')
    assert.equal(choose('auto', true, false), 'clone')
    assert.match(choose('auto', false, true), /s2 has transactions that s1 lacks/)
    assert.match(choose('incremental', true, false), /purged binary logs/)
    assert.match(choose('auto', true, false, true), /disable_clone/)
    assert.equal(choose('clone', false, false), 'clone')
    assert.match(choose('clone', true, true, true), /disable_clone/)
  })
  it('clone needs one series from 8.4 and 8.0.37 on, else one version, and one operating system', () => {
    const possible = (a: string, b: string): boolean =>
      refuseClone(server('a', a), server('b', b)) === undefined
    assert.equal(possible('8.0.36', '8.0.37'), false)
    assert.equal(possible('8.0.37', '8.0.42'), true)
    assert.equal(possible('8.4.0', '8.4.8'), true)
    assert.equal(possible('8.4.8', '9.7.0'), false)
    assert.equal(possible('9.7.4-2', '9.7.4'), true)
    assert.match(
      refuseClone(server('a'), server('b', '9.7.4', { version_compile_os: 'Win64' })) ?? '',
      /same operating system/,
    )
  })
})

describe('who may join', () => {
  it('is not older than every member, but for patches of one series', () => {
    const refused = (joiner: string, ...others: string[]): boolean =>
      refuseVersion(
        server('j', joiner),
        others.map((version) => server('m', version)),
      ) !== undefined
    assert.equal(refused('9.7.4', '8.4.8'), false)
    assert.equal(refused('8.4.0', '9.7.4'), true)
    assert.equal(refused('8.4.1', '8.4.8'), false)
    assert.equal(refused('8.0.34', '8.0.42'), true)
  })
  it('addresses fit the way that members talk to each other', () => {
    assert.equal(localAddressOf(server('s1'), 'MYSQL'), 's1:3306')
    assert.equal(localAddressOf(server('s1'), 'XCOM'), 's1:33061')
    assert.match(
      refuseLocalAddress('s1:3307', server('s1'), 'MYSQL') ?? '',
      /must have the port of the server/,
    )
    assert.match(refuseLocalAddress('s1:3306', server('s1'), 'XCOM') ?? '', /port of its own/)
    assert.match(refuseLocalAddress('s1:330601', server('s1'), 'XCOM') ?? '', /out of range/)
    assert.match(refuseLocalAddress('s1', server('s1'), 'XCOM') ?? '', /is no address/)
    assert.equal(refuseLocalAddress('[fe80::1]:33061', server('s1'), 'XCOM'), undefined)
  })
})

describe('variables of a group', () => {
  const variables = (
    sslMode: SslMode,
    authType: AuthType,
    own: Record<string, string> = {},
    multiPrimary = false,
  ) =>
    groupVariables(
      {
        groupName: 'g',
        sslMode,
        authType,
        localAddress: 's1:3306',
        communicationStack: 'MYSQL',
        startOnBoot: true,
        multiPrimary,
        given: [],
      },
      server('s1', '9.7.4', { ssl_ca: 'ca', ssl_cert: 'cert', ssl_key: 'key', ...own }).picture,
    )
  const value = (list: ReturnType<typeof variables>, name: string) => list.find(([one]) => one === name)?.[1]

  it('certificates and authorities are given where the mode and the type ask for them', () => {
    const recovery = (mode: SslMode, type: AuthType) =>
      ['use_ssl', 'ssl_ca', 'ssl_cert', 'ssl_verify_server_cert'].map((name) =>
        value(variables(mode, type), `group_replication_recovery_${name}`),
      )
    assert.deepEqual(recovery('DISABLED', 'PASSWORD'), ['OFF', undefined, undefined, undefined])
    assert.deepEqual(recovery('REQUIRED', 'CERT_ISSUER'), ['ON', undefined, 'cert', 'OFF'])
    assert.deepEqual(recovery('VERIFY_CA', 'PASSWORD'), ['ON', 'ca', undefined, 'OFF'])
    assert.deepEqual(recovery('VERIFY_IDENTITY', 'CERT_SUBJECT'), ['ON', 'ca', 'cert', 'ON'])
  })
  it('what an earlier group left does not stay', () => {
    const list = variables('REQUIRED', 'PASSWORD', { group_replication_recovery_ssl_ca: 'old' })
    assert.equal(value(list, 'group_replication_recovery_ssl_ca'), 'DEFAULT')
  })
  it('several primaries: in the order that the server accepts, with numbers apart', () => {
    const names = variables('REQUIRED', 'PASSWORD', {}, true).map(([name]) => name)
    assert(
      names.indexOf('group_replication_single_primary_mode') <
        names.indexOf('group_replication_enforce_update_everywhere_checks'),
    )
    assert.deepEqual(autoIncrement(true, 3, 9), [
      ['auto_increment_increment', 7],
      ['auto_increment_offset', 3],
    ])
    assert.deepEqual(autoIncrement(true, 9, 9), [
      ['auto_increment_increment', 9],
      ['auto_increment_offset', 1],
    ])
    assert.deepEqual(autoIncrement(false, 9, 9), [
      ['auto_increment_increment', 1],
      ['auto_increment_offset', 2],
    ])
  })
})
