import assert from 'node:assert/strict'
import { members } from './cluster-hosts.js'
import { shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, results, signet, transcript, type Run } from './signet.js'
import { seen } from './status-view.js'
import { kill, start } from './task.js'

const LAB = testLab('playbooks')

/** The playbooks for what comes after the first set-up, in the order in which a user may come to need them. */
describe('playbooks of a cluster’s life', () => {
  let lab: TestLab
  before(async () => {
    lab = await startLab(LAB, 4)
  })
  after(() => stopLab(LAB))

  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([`playbooks/${playbook}.yml`, '-i', lab.inventory, ...words])

  /** Looks first, then does it: what check mode says must be what happens. */
  async function done(playbook: string, ...words: string[]): Promise<Run> {
    const checked = await run(playbook, '--check', ...words)
    assert.equal(checked.code, 0, transcript(checked))
    const ran = await run(playbook, ...words, '-e', 'confirm=yes')
    assert.equal(ran.code, 0, transcript(ran))
    assert.deepEqual(changes(ran), changes(checked))
    assert.notDeepEqual(changes(ran), [])
    return ran
  }
  const nothingLeft = async (playbook: string, ...words: string[]): Promise<void> => {
    const again = await run(playbook, ...words)
    assert.equal(again.code, 0, transcript(again))
    assert.deepEqual(changes(again), [], transcript(again))
  }
  /** Members hear of one another's roles and leaving one after the other. */
  const online = (host: string, ...roles: string[]): Promise<unknown> =>
    seen(
      () => members(lab, host),
      (rows) => {
        assert.deepEqual(
          rows,
          roles.map((role) => role.replace(' ', '\tONLINE\t')),
        )
      },
    )
  async function refused(playbook: string, ...words: string[]): Promise<void> {
    const before = await members(lab, 's1')
    const unconfirmed = await run(playbook, ...words)
    assert.equal(unconfirmed.code, 2, transcript(unconfirmed))
    assert.match(unconfirmed.stdout, /-e confirm=yes/)
    assert.deepEqual(changes(unconfirmed), [])
    assert.deepEqual(await members(lab, 's1'), before)
  }

  it('cluster.yml makes a cluster of the hosts of a group; a second run changes nothing', async () => {
    const words = ['-e', 'cluster_group=primary_cluster', '-e', 'cluster_name=primary']
    await done('cluster', ...words)
    await online('s1', 's1 PRIMARY', 's2 SECONDARY')
    await nothingLeft('cluster', ...words)
  })

  it('add-instance.yml adds a plain server', async () => {
    const words = ['-e', 'cluster=primary', '-e', 'instance=s3']
    await done('add-instance', ...words)
    await online('s1', 's1 PRIMARY', 's2 SECONDARY', 's3 SECONDARY')
    await nothingLeft('add-instance', ...words)
  })

  it('switchover.yml makes another member the primary', async () => {
    await done('switchover', '-e', 'instance=s2')
    await online('s1', 's1 SECONDARY', 's2 PRIMARY', 's3 SECONDARY')
    await nothingLeft('switchover', '-e', 'instance=s2')
  })

  it('remove-instance.yml wants to be told to do it, and does it', async () => {
    const words = ['-e', 'cluster=primary', '-e', 'instance=s3']
    await refused('remove-instance', ...words)
    await done('remove-instance', ...words)
    await online('s1', 's1 SECONDARY', 's2 PRIMARY')
    await nothingLeft('remove-instance', ...words, '-e', 'confirm=yes')
  })

  it('clusterset.yml builds on what is there; the removed member is used again', async () => {
    await done('clusterset')
    await online('s1', 's1 SECONDARY', 's2 PRIMARY')
    await online('s3', 's3 PRIMARY', 's4 SECONDARY')
    await nothingLeft('clusterset')
  })

  for (const [playbook, ...words] of [
    ['switchover'],
    ['switchover', '-e', 'instance=s1', '-e', 'cluster=primary'],
    ['switchover', '-e', 'replicaset=replicaset'],
    ['failover', '-e', 'confirm=yes'],
    ['failover', '-e', 'confirm=yes', '-e', 'cluster=primary', '-e', 'instance=s1'],
    ['add-instance', '-e', 'instance=s1,s2'],
    ['remove-instance', '-e', 'instance=s1', '-e', 'confirm=yes'],
  ] as const)
    it(`${playbook}.yml ${words.filter((word) => word !== '-e').join(' ')}: not enough is said`, async () => {
      const vague = await run(playbook, ...words)
      assert.equal(vague.code, 2, transcript(vague))
      assert.match(vague.stdout, /^fatal: \[s\d\]: Say what /m)
      assert.deepEqual(changes(vague), [])
      assert.equal(results(vague).length, 1, 'it goes on')
    })

  it('status.yml reads it all, and changes nothing', async () => {
    const status = await run('status')
    assert.equal(status.code, 0, transcript(status))
    assert.deepEqual(changes(status), [])
    const shown = results(status).find(({ task }) => task === 'How they stand')
    const stand = shown?.result.values['msg'] as readonly {
      readonly clusterRole: string
      readonly defaultReplicaSet: { readonly status: string }
    }[]
    assert.deepEqual(
      stand.map(({ clusterRole, defaultReplicaSet }) => `${clusterRole} ${defaultReplicaSet.status}`),
      ['PRIMARY OK_NO_TOLERANCE', 'REPLICA OK_NO_TOLERANCE'],
      transcript(status),
    )
  })

  it('failover.yml wants to be told to do it, and does it when the primary cluster is lost', async () => {
    await Promise.all(['s1', 's2'].map((host) => kill(LAB, host)))
    const words = ['-e', 'cluster=replica']
    const unconfirmed = await run('failover', ...words)
    assert.equal(unconfirmed.code, 2, transcript(unconfirmed))
    assert.match(unconfirmed.stdout, /-e confirm=yes/)
    await done('failover', ...words)
    await sql(LAB, 's3', 'CREATE DATABASE after_failover')
  })

  it('fence.yml keeps writes away after it was told to, and lets them in again', async () => {
    const words = ['-e', 'instance=s4', '-e', 'fenced=writes']
    const unconfirmed = await run('fence', ...words)
    assert.equal(unconfirmed.code, 2, transcript(unconfirmed))
    await done('fence', ...words)
    assert.deepEqual(await sql(LAB, 's3', 'SELECT @@global.super_read_only'), ['1'])
    await nothingLeft('fence', ...words, '-e', 'confirm=yes')
    await done('fence', '-e', 'instance=s4', '-e', 'fenced=none')
    await sql(LAB, 's3', 'CREATE DATABASE after_fence')
  })

  it('reboot-cluster.yml starts a cluster after a power failure', async () => {
    await Promise.all(['s1', 's2'].map((host) => start(LAB, host)))
    const words = ['-e', 'cluster=primary']
    // They look for their group by themselves, from a moment after they answer.
    await seen(
      () => members(lab, 's1'),
      (rows) => {
        assert.deepEqual(rows, ['s1\tOFFLINE'])
      },
    )
    await refused('reboot-cluster', ...words)
    await done('reboot-cluster', ...words)
    const rows = await members(lab, 's1')
    assert.deepEqual(
      rows.map((row) => row.split('\t').slice(0, 2).join(' ')),
      ['s1 ONLINE', 's2 ONLINE'],
    )
    await nothingLeft('reboot-cluster', ...words, '-e', 'confirm=yes')
  })

  it('clusterset.yml lets a cluster rejoin that was lost', async () => {
    const back = await done('clusterset')
    assert.deepEqual(changes(back), ['s1: innodb_clusterset : Cluster primary belongs to the ClusterSet'])
    await nothingLeft('clusterset')
    const found = await signet(['cluster', 'verify', '-i', lab.inventory])
    assert.equal(found.code, 0, transcript(found))
  })

  it('switchover.yml makes the other cluster the primary one', async () => {
    await done('switchover', '-e', 'cluster=primary')
    const [writer = ''] = await members(lab, 's1')
    await sql(LAB, writer.includes('PRIMARY') ? 's1' : 's2', 'CREATE DATABASE proof')
    await nothingLeft('switchover', '-e', 'cluster=primary')
  })

  it('force-quorum.yml lets what is left of a group go on', async () => {
    await kill(LAB, 's4')
    await shell(
      LAB,
      's3',
      'until mysql -NBe "SELECT MEMBER_STATE FROM performance_schema.replication_group_members" | grep -q UNREACHABLE; do sleep 0.2; done',
    )
    const unconfirmed = await run('force-quorum', '-e', 'instance=s3')
    assert.equal(unconfirmed.code, 2, transcript(unconfirmed))
    assert.match(unconfirmed.stdout, /-e confirm=yes/)
    await done('force-quorum', '-e', 'instance=s3')
    await online('s3', 's3 PRIMARY')
  })
})
