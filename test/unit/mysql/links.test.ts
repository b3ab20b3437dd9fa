import assert from 'node:assert/strict'
import { links } from '../../../src/mysql/views/security.js'
import { topologyOf } from '../../../src/mysql/topology.js'
import { inGroup, record } from './pictures.js'

const ACCOUNT = {
  user: 'mysql_innodb_cluster_1',
  host: '%',
  issuer: '/CN=ca',
  subject: '/CN=s1',
  sslType: 'SPECIFIED',
  hasPassword: false,
}

describe('connections between servers', () => {
  it('are told from a member that answers to those that do not, as its own copy of the accounts has them', () => {
    const lonely = inGroup(1, 'north', [1, 2], { metadata: record({ north: [1, 2] }), accounts: [ACCOUNT] })
    const picture = {
      ...lonely.picture,
      members: lonely.picture.members.map((member) =>
        member.host === 's2' ? { ...member, state: 'UNREACHABLE' } : member,
      ),
    }
    const topology = topologyOf([{ ...lonely, picture }])
    assert.equal(topology.clusters[0]?.primary, undefined)
    assert.deepEqual(
      links(topology).map(({ what, from, to, requires }) => `${what} ${from} → ${to}: ${requires}`),
      [
        'group s1:3306 → s2:3306: issuer /CN=ca + subject /CN=s1',
        'recovery s1:3306 → s2:3306: issuer /CN=ca + subject /CN=s1',
      ],
    )
  })

  it('are none where a member is alone', () => {
    assert.deepEqual(links(topologyOf([inGroup(1, 'north', [1], { metadata: record({ north: [1] }) })])), [])
  })
})
