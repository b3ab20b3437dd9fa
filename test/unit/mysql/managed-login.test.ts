import assert from 'node:assert/strict'
import { adminGrants, routerGrants } from '../../../src/mysql/admin-grants.js'
import { DEFAULT_LOGIN } from '../../../src/mysql/login.js'
import {
  answersAfter,
  foundLogin,
  planLogin,
  type FoundLogin,
  type WantedLogin,
} from '../../../src/mysql/managed-login.js'
import { Secret } from '../../../src/value/secret.js'

const NOBODY: FoundLogin = foundLogin({ kind: 'rows', rows: [] }, { kind: 'rows', rows: [] })
const WANTED: WantedLogin = {
  user: 'admin',
  host: '%',
  password: new Secret('Secret-4711'),
  updatePassword: 'on_create',
  update: true,
  issuer: '/CN=CA',
  subject: '/CN=admin',
  passwordLifetime: 0,
  grants: adminGrants('9.7.4'),
}

/** The account as it would be after the plan. */
function after(wanted: WantedLogin, found: FoundLogin): FoundLogin {
  const { account, privileges } = answersAfter(wanted, found, false)
  return foundLogin(account, privileges)
}
const texts = (wanted: WantedLogin, found: FoundLogin): readonly string[] =>
  planLogin(wanted, found, 's1', DEFAULT_LOGIN).steps.flatMap((step) =>
    step.do === 'sql' ? step.statements.map(({ text }) => text) : [],
  )

describe('accounts that administer clusters', () => {
  it('are made with the requirement, and once made nothing is left to do', () => {
    const [create] = texts(WANTED, NOBODY)
    assert.equal(
      create,
      'CREATE USER IF NOT EXISTS ?@? IDENTIFIED BY ? REQUIRE ISSUER ? AND SUBJECT ? PASSWORD EXPIRE NEVER',
    )
    assert.deepEqual(texts(WANTED, after(WANTED, NOBODY)), [])
  })

  it('get what they lack, and no more', () => {
    const there = after(WANTED, NOBODY)
    const global = new Map(there.grants.get('*.*'))
    global.delete('CLONE_ADMIN')
    global.set('SELECT', false)
    const lacking = { ...there, grants: new Map(there.grants).set('*.*', global), subject: '/CN=other' }
    assert.deepEqual(texts(WANTED, lacking), [
      'ALTER USER ?@? REQUIRE ISSUER ? AND SUBJECT ?',
      'GRANT SELECT, CLONE_ADMIN ON *.* TO ?@? WITH GRANT OPTION',
    ])
    const refused = planLogin({ ...WANTED, update: false }, lacking, 's1', DEFAULT_LOGIN)
    assert.match(refused.failure ?? '', /differs/)
    assert.deepEqual(refused.steps, [])
  })

  it('are refused when anybody could log in', () => {
    const { password: _password, issuer: _issuer, subject: _subject, ...bare } = WANTED
    assert.match(planLogin(bare, NOBODY, 's1', DEFAULT_LOGIN).failure ?? '', /anybody could log in/)
  })

  it('have the privileges of AdminAPI for the version', () => {
    const global = (version: string): readonly string[] => adminGrants(version)[0]?.privileges ?? []
    assert.equal(global('8.0.33').length, 17)
    assert.deepEqual(
      global('8.3.0').filter((each) => !global('8.0.33').includes(each)),
      ['TRANSACTION_GTID_TAG'],
    )
    const objects = (version: string): readonly string[] => routerGrants(version).map(({ object }) => object)
    assert.equal(objects('2.2.0').length, 11)
    assert.deepEqual(
      objects('2.4.0').filter((each) => !objects('2.2.0').includes(each)),
      ['mysql_innodb_cluster_metadata.router_stats'],
    )
  })
})
