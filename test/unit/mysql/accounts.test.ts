import assert from 'node:assert/strict'
import { grantChanges, grantsAfter, parseGrants, parsePrivileges } from '../../../src/mysql/grants.js'
import { formatStatement } from '../../../src/mysql/format.js'
import { cachingSha2, passwordMatches, sha256Crypt } from '../../../src/mysql/password-hash.js'
import { isReadOnly } from '../../../src/mysql/read-only.js'
import { writtenStatement } from '../../../src/mysql/written-statement.js'

const EVERYTHING = ['SELECT', 'INSERT', 'PROCESS', 'BACKUP_ADMIN']
const TO = "'app'@'%'"

/** What SHOW GRANTS said, what is wanted, how; and the statements. */
const CASES: readonly (readonly [
  string,
  readonly string[],
  Parameters<typeof parsePrivileges>[0],
  'exact' | 'append' | 'subtract',
  readonly string[],
])[] = [
  ['nothing to do', ['GRANT SELECT, INSERT ON `shop`.* TO `app`@`%`'], 'shop.*:INSERT,SELECT', 'exact', []],
  [
    'new',
    ['GRANT USAGE ON *.* TO `app`@`%`'],
    { 'shop.*': 'SELECT' },
    'exact',
    ['GRANT SELECT ON `shop`.* TO A'],
  ],
  [
    'one more, one less',
    ['GRANT SELECT ON `shop`.* TO `app`@`%`'],
    'shop.*:INSERT',
    'exact',
    ['REVOKE SELECT ON `shop`.* FROM A', 'GRANT INSERT ON `shop`.* TO A'],
  ],
  [
    'others are taken away',
    ['GRANT SELECT ON `old`.`t` TO `app`@`%` WITH GRANT OPTION'],
    'shop.*:SELECT',
    'exact',
    [
      'GRANT SELECT ON `shop`.* TO A',
      'REVOKE SELECT ON `old`.`t` FROM A',
      'REVOKE GRANT OPTION ON `old`.`t` FROM A',
    ],
  ],
  [
    'append keeps',
    ['GRANT SELECT ON `old`.* TO `app`@`%`'],
    'old.*:INSERT',
    'append',
    ['GRANT INSERT ON `old`.* TO A'],
  ],
  [
    'subtract',
    ['GRANT SELECT, INSERT ON `old`.* TO `app`@`%`'],
    'old.*:INSERT,DELETE',
    'subtract',
    ['REVOKE INSERT ON `old`.* FROM A'],
  ],
  [
    'ALL on everything is written out by the server',
    ['GRANT SELECT, INSERT, PROCESS ON *.* TO `app`@`%`', 'GRANT BACKUP_ADMIN ON *.* TO `app`@`%`'],
    '*.*:ALL',
    'exact',
    [],
  ],
  [
    'ALL becomes less',
    ['GRANT ALL PRIVILEGES ON `s`.* TO `app`@`%`'],
    's.*:SELECT',
    'exact',
    ['REVOKE ALL PRIVILEGES ON `s`.* FROM A', 'GRANT SELECT ON `s`.* TO A'],
  ],
  [
    'the right to grant',
    ['GRANT SELECT ON *.* TO `app`@`%`'],
    '*.*:SELECT,GRANT',
    'exact',
    ['GRANT SELECT ON *.* TO A WITH GRANT OPTION'],
  ],
  [
    'columns know no case',
    ['GRANT SELECT (`Host`, `User`) ON `mysql`.`user` TO `app`@`%`'],
    'mysql.user:select (user, HOST)',
    'exact',
    [],
  ],
  ['routines', [], 'PROCEDURE shop.pay:EXECUTE', 'exact', ['GRANT EXECUTE ON PROCEDURE `shop`.`pay` TO A']],
  ['names in backticks, with a dot', ['GRANT SELECT ON `a.b`.* TO `app`@`%`'], '`a.b`.*:SELECT', 'exact', []],
  [
    'roles and proxies stay',
    ['GRANT `r`@`%` TO `app`@`%`', 'GRANT PROXY ON `x`@`%` TO `app`@`%`'],
    's.*:USAGE',
    'exact',
    [],
  ],
]

describe('privileges', () => {
  for (const [name, shown, wanted, mode, expected] of CASES) {
    it(name, () => {
      const goal = parsePrivileges(wanted)
      const current = parseGrants(shown)
      const texts = grantChanges(goal, current, mode, TO, EVERYTHING).map(({ text }) => text.replace(TO, 'A'))
      assert.deepEqual(texts, expected)
      const after = grantsAfter(goal, current, mode, EVERYTHING)
      assert.deepEqual(grantChanges(goal, after, mode, TO, EVERYTHING), [], 'afterwards nothing is to do')
    })
  }

  for (const wrong of ['shop', 'shop:SELECT', 'shop.*:REQUIRESSL', 'shop.*:SELECT ON *.* TO root --'])
    it(`"${wrong}" is refused`, () =>
      assert.throws(() => parsePrivileges(wrong), { code: 'invalid-argument' }))
})

describe('password hashes', () => {
  it('are those of crypt (the vector of openssl passwd -5)', () =>
    assert.equal(
      sha256Crypt('Hello world!', Buffer.from('saltstring'), 5000),
      '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5',
    ))
  it('of a MySQL 9.7 server are recognised, whatever the bytes of the salt', () => {
    const stored = Buffer.from(
      '244124303041243B04196977132F765770141E1751496D346510592E497466554775696C4534704F7557523552755077456D306D382F715773694D32346C374D3165344E4F44',
      'hex',
    )
    assert.equal(passwordMatches("x'y", 'caching_sha2_password', stored), true)
    assert.equal(passwordMatches('x', 'caching_sha2_password', stored), false)
    assert.deepEqual(cachingSha2("x'y", stored.subarray(7, 27), 10_000), stored)
  })
  it('of the older plugins', () => {
    const native = Buffer.from('*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19')
    assert.equal(passwordMatches('password', 'mysql_native_password', native), true)
    assert.equal(passwordMatches('Password', 'mysql_native_password', native), false)
    assert.equal(passwordMatches('x', 'auth_socket', Buffer.from('x')), undefined)
  })
})

describe('statements', () => {
  it('question marks in texts, names and comments are no placeholders', () =>
    assert.equal(
      formatStatement('SELECT \'?\', "a\\"?", `?` /* ? */, ? -- ?\n, ?', ["O'Neill", 1]),
      "SELECT '?', \"a\\\"?\", `?` /* ? */, 'O\\'Neill' -- ?\n, 1",
    ))
  it('positional and named values', () => {
    assert.deepEqual(writtenStatement("SELECT %s, '%s', 5 %% 2", ['a'], undefined), {
      text: "SELECT ?, '%s', 5 % 2",
      values: ['a'],
    })
    assert.deepEqual(writtenStatement('SELECT %(b)s, %(a)s, %(b)s', undefined, { a: 1, b: true }), {
      text: 'SELECT ?, ?, ?',
      values: [1, 1, 1],
    })
    assert.deepEqual(writtenStatement("SELECT '%s'", undefined, undefined).text, "SELECT '%s'")
    assert.throws(() => writtenStatement('SELECT %s, %s', [1], undefined), /too few values/)
    assert.throws(() => writtenStatement('SELECT %(a)s', undefined, {}), /no value for %\(a\)s/)
  })
  it('only what reads is a question', () => {
    for (const text of [
      'SELECT 1',
      'show databases',
      'WITH a AS (SELECT 1) SELECT * FROM a',
      'TABLE t',
      "SELECT 'UPDATE', `delete` FROM t -- it's; said",
      "SELECT 1 # it's\n, 2 # isn't",
    ])
      assert.equal(isReadOnly(text), true, text)
    for (const text of [
      'SET @a = 1',
      'SELECT 1 INTO @a',
      'SELECT 1; DROP TABLE t',
      'CALL p()',
      'WITH a AS (SELECT 1) DELETE FROM t',
      'WITH a AS (SELECT 1) UPDATE shop.t AS x SET b = 1',
      'WITH a AS (SELECT 1) DELETE t FROM t',
      "SELECT 1 # it's\nINTO OUTFILE '/tmp/x' # isn't",
    ])
      assert.equal(isReadOnly(text), false, text)
  })
})
