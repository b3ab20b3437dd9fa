import assert from 'node:assert/strict'
import { SignetError } from '../../../src/errors.js'
import { readVaultPassword } from '../../../src/source/read-vault-password.js'
import { parseYaml } from '../../../src/source/read-yaml.js'
import { placeOfKey } from '../../../src/source/source-file.js'
import { decryptVault, useVaultPasswords } from '../../../src/source/vault.js'
import { Masks } from '../../../src/report/masks.js'
import { Secret } from '../../../src/value/secret.js'
import { isMap } from '../../../src/value/shape.js'
import { withFiles } from '../temporary-directory.js'

// Made with Python's hashlib and `openssl enc -aes-256-ctr`, not with signet.
/** `correct horse`, password `opensesame`. */
const VALUE = [
  '$ANSIBLE_VAULT;1.1;AES256',
  '33303331333233333334333533363337333833393631363236333634363536363330333133323333',
  '3334333533363337333833393631363236333634363536360a613564323836303763323135646336',
  '63333434323062393261313035373538323439373032653962633736336230373435313938613539',
  '3831383034303133360a366166343066313466616462666561636537663562323139656462313864',
  '6137',
]
/** A file of variables, password `other`, label prod. */
const FILE = [
  '$ANSIBLE_VAULT;1.2;AES256;prod',
  '33303331333233333334333533363337333833393631363236333634363536363330333133323333',
  '3334333533363337333833393631363236333634363536360a323335383738376564383861353633',
  '32326330323861643933636364303339346532363636336236613838656365333261316663333435',
  '6134616438623332350a663534653563646233323234636236343466613065383764353434633663',
  '31643137393462313062633162336334366436633931386338316135356165616239633130613163',
  '65333363613538333138613037616535353861326335616566656664396666376533323631623166',
  '633030623466653237386566613463343339',
].join('\n')

const place = { file: 'f.yml', line: 1, column: 1 }
const INLINE = `name: x\nkey: !vault |\n${VALUE.map((line) => `  ${line}\n`).join('')}`

const refusal = (text: string): string => {
  try {
    decryptVault(text, place)
  } catch (error) {
    if (error instanceof SignetError && error.code === 'vault-locked') return error.message
  }
  return 'opened'
}

describe('vault', () => {
  const password = (text: string): { readonly password: Secret } => ({ password: new Secret(text) })
  afterEach(() => useVaultPasswords([]))

  it('opens a value; it is secret', () => {
    useVaultPasswords([password('wrong'), password('opensesame')])
    const { data } = parseYaml(INLINE, 'f.yml')
    assert(isMap(data))
    assert(data['key'] instanceof Secret)
    assert.equal(data['key'].reveal(), 'correct horse')
    assert(!JSON.stringify(data).includes('horse'))
    assert.equal(new Masks().mask('a correct horse b'), 'a (hidden) b')
  })

  it('opens a file; its texts are secret, its templates and numbers stay', () => {
    useVaultPasswords([{ label: 'prod', ...password('other') }])
    const { data } = parseYaml(`${FILE}\n`, 'vars.yml')
    assert(isMap(data))
    assert.equal(data['password'] instanceof Secret ? data['password'].reveal() : undefined, 's3cret')
    assert.equal(data['url'], '{{ user }}@x')
    assert.equal(data['port'], 3306)
    assert.equal(placeOfKey(data, 'url')?.line, 3)
  })

  it('refuses without a password, with a wrong one, and what is damaged', () => {
    assert.equal(refusal(FILE), 'This is encrypted, and no vault password was given.')
    useVaultPasswords([password('wrong')])
    assert.equal(refusal(FILE), 'No vault password that was given opens this.')
    assert.equal(refusal(FILE.slice(0, -3)), 'This encrypted value is damaged.')
    assert.equal(
      refusal(FILE.replace('AES256', 'AES')),
      'This is encrypted in the vault format 1.2;AES, which is not supported.',
    )
    assert.equal(refusal('secret'), 'This is no encrypted value.')
    useVaultPasswords([password('other')])
    assert.equal(
      refusal(FILE.replace(/3$/, '4').replace(/9$/, '8')),
      'No vault password that was given opens this.',
    )
    assert.equal(refusal(FILE), 'opened')
  })

  it('says where an encrypted value stands', () => {
    assert.throws(
      () => parseYaml(INLINE, 'f.yml'),
      (error) => error instanceof SignetError && error.place?.line === 2 && error.place.column === 13,
    )
  })

  it('reads passwords from files and programs', async () => {
    const files = {
      plain: 'pass word\n',
      program: '#!/bin/sh\necho printed\n',
      broken: '#!/bin/sh\nexit 1\n',
      empty: '\n',
    }
    await withFiles(files, async (directory) => {
      const read = async (source: string): Promise<unknown> => {
        const { label, password } = await readVaultPassword(source, directory)
        return [label, password.reveal()]
      }
      assert.deepEqual(await read('plain'), [undefined, 'pass word'])
      assert.deepEqual(await read('prod@program'), ['prod', 'printed'])
      await assert.rejects(read('none'), /There is no vault password file none/)
      await assert.rejects(read('empty'), /is empty/)
      await assert.rejects(read('broken'), /gave no vault password/)
    })
  })
})
