import assert from 'node:assert/strict'
import { bootstrapWords, differences, stateId, type RouterWish } from '../../../src/mysql/router-bootstrap.js'
import { checkRoutingOption, optionAfter } from '../../../src/mysql/routing-options.js'

const WISH: RouterWish = {
  directory: '/r',
  name: 'main',
  user: 'mysqlrouter',
  account: 'router',
  bootstrapUser: 'router',
  reportHost: 's4',
  sslMode: 'VERIFY_IDENTITY',
  sslCa: '/ca.pem',
  sslCert: '',
  sslKey: '',
  serverSslMode: 'REQUIRED',
  serverSslVerify: 'VERIFY_IDENTITY',
  clientSslMode: 'REQUIRED',
  clientSslCert: '',
  clientSslKey: '',
  basePort: 6446,
  bindAddress: '0.0.0.0',
  xProtocol: false,
  rest: false,
  targetCluster: '',
  options: {},
}

/** What mysqlrouter 9.7 writes for the wish, as far as it is compared. */
const CONFIGURATION = `[DEFAULT]
name=main
user=mysqlrouter
client_ssl_mode=REQUIRED
server_ssl_mode=REQUIRED
server_ssl_verify=VERIFY_IDENTITY

[metadata_cache:bootstrap]
user=router
ssl_mode=VERIFY_IDENTITY
ssl_ca=/ca.pem

[routing:bootstrap_rw]
bind_address=0.0.0.0
bind_port=6446
destinations=metadata-cache://set/?role=PRIMARY

[routing:bootstrap_rw_split]
client_ssl_mode=REQUIRED
server_ssl_mode=REQUIRED
`
const STATE =
  '{"metadata-cache":{"clusterset-id":"id-1","cluster-metadata-servers":["mysql://s1:3306"]},"version":"1.1.0"}'

describe('bootstrapping MySQL Router', () => {
  it('closes the hole that read-write splitting would leave', () => {
    const words = bootstrapWords(WISH, { kind: 'cluster' }, 's1:3306', false)
    assert.ok(words.includes('--conf-set-option=routing:bootstrap_rw_split.server_ssl_mode=REQUIRED'))
    assert.ok(words.includes('--bootstrap=router@s1:3306'))
    assert.ok(!words.includes('--force'))
    const passed = bootstrapWords(
      { ...WISH, clientSslMode: 'PASSTHROUGH' },
      { kind: 'cluster' },
      's1:3306',
      true,
    )
    assert.ok(passed.includes('--disable-rw-split') && passed.includes('--force'))
    assert.ok(!passed.some((word) => word.includes('rw_split.')))
  })

  it('is not repeated when the configuration is as wanted', () => {
    assert.deepEqual(
      differences(WISH, { kind: 'clusterset', name: 'set', id: 'id-1' }, CONFIGURATION, STATE),
      [],
    )
  })

  it('is repeated for another cluster, another mode and a file that somebody changed', () => {
    assert.deepEqual(
      differences(WISH, { kind: 'clusterset', name: 'set', id: 'id-2' }, CONFIGURATION, STATE),
      ['it belongs to id-1, set is id-2'],
    )
    assert.deepEqual(
      differences(
        WISH,
        { kind: 'clusterset', name: 'set', id: 'id-1' },
        CONFIGURATION.replace('server_ssl_verify=VERIFY_IDENTITY\n', ''),
        STATE,
      ),
      ['server_ssl_verify of [DEFAULT] is not set, wanted is VERIFY_IDENTITY'],
    )
    assert.deepEqual(
      differences(
        { ...WISH, xProtocol: true },
        { kind: 'clusterset', name: 'set', id: 'id-1' },
        CONFIGURATION,
        STATE,
      ),
      ['[routing:bootstrap_x_rw] is missing'],
    )
  })

  it('reads the id of a cluster and of a ClusterSet', () => {
    assert.equal(stateId(STATE), 'id-1')
    assert.equal(stateId('{"metadata-cache":{"group-replication-id":"g"}}'), 'g')
    assert.equal(stateId('{'), '')
  })
})

describe('routing options', () => {
  const none = (): undefined => undefined
  it('are checked as AdminAPI does', () => {
    const group = (name: string): string | undefined => (name === 'b' ? 'uuid-b' : undefined)
    const checked = (name: string, value: string | number | boolean) =>
      checkRoutingOption('clusterset', name, value, group, none)
    assert.deepEqual(checked('target_cluster', 'b'), { value: 'uuid-b' })
    assert.deepEqual(checked('target_cluster', 'primary'), { value: 'primary' })
    assert.ok('failure' in checked('target_cluster', 'c'))
    assert.ok('failure' in checked('invalidated_cluster_policy', 'some'))
    assert.ok('failure' in checked('stats_updates_frequency', -1))
    assert.ok('failure' in checked('use_replica_primary_as_rw', 'yes'))
    assert.ok('failure' in checked('unreachable_quorum_allowed_traffic', 'all'))
    assert.ok(
      'value' in checkRoutingOption('cluster', 'unreachable_quorum_allowed_traffic', 'all', none, none),
    )
  })

  it('null brings back the default, for one Router what holds for all; tags are merged', () => {
    assert.equal(optionAfter('clusterset', 'target_cluster', null, 'x', false), 'primary')
    assert.equal(optionAfter('clusterset', 'stats_updates_frequency', null, 5, false), undefined)
    assert.equal(optionAfter('clusterset', 'target_cluster', null, 'x', true), undefined)
    assert.deepEqual(optionAfter('cluster', 'tags', { a: null, b: 2 }, { a: 1, c: 3 }, false), { c: 3, b: 2 })
  })
})
