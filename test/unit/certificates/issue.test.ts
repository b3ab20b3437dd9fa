import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { certificateFacts, CLIENT_AUTH, SERVER_AUTH } from '../../../src/certificates/facts.js'
import { issueCertificate, makeAuthority, type Issued } from '../../../src/certificates/issue.js'
import { parseSlashName } from '../../../src/certificates/subject-text.js'
import { readArguments } from '../../../src/modules/arguments.js'
import { certificate } from '../../../src/modules/certificate.js'
import { certificate_authority } from '../../../src/modules/certificate_authority.js'
import { Secret } from '../../../src/value/secret.js'
import type { ValueMap } from '../../../src/value/value.js'

const NOW = new Date('2026-01-01T00:00:00Z')
const DAY = 86_400_000
const PHRASE = new Secret('open sesame')

const authority = (subject: string): Promise<Issued> =>
  makeAuthority(
    {
      do: 'make_authority',
      certificatePath: 'ca',
      keyPath: 'k',
      passphrase: PHRASE,
      subject,
      days: 3650,
      bits: 2048,
    },
    NOW,
  )
const issue = (by: Issued, more: { subject?: string; ips?: readonly string[] } = {}): Promise<Issued> =>
  issueCertificate(
    {
      do: 'issue_certificate',
      certificatePath: 'c',
      keyPath: 'k',
      authorityCertificatePath: 'ca',
      authorityKeyPath: 'cak',
      authorityPassphrase: PHRASE,
      subject: more.subject ?? '/CN=s1',
      dnsNames: ['s1', 's1.example.org'],
      ipAddresses: more.ips ?? ['10.80.0.11', 'fe80::1'],
      days: 100,
      bits: 2048,
    },
    by.certificate,
    by.key.reveal(),
    NOW,
  )

describe('certificates and their modules', function () {
  this.timeout(30_000)
  let ca: Issued
  let other: Issued
  let leaf: Issued
  let strange: Issued
  before(async () => {
    ;[ca, other] = await Promise.all([authority('/CN=MyName'), authority('/CN=MyName')])
    ;[leaf, strange] = await Promise.all([issue(ca), issue(other)])
  })

  it('an authority signs itself, may sign others, and its key is encrypted', () => {
    const facts = certificateFacts(ca.certificate)
    assert.equal(facts.authority, true)
    assert.deepEqual([facts.subject, facts.issuer], ['/CN=MyName', '/CN=MyName'])
    assert.equal(facts.notAfter, (NOW.getTime() + 3650 * DAY) / 1000)
    const parsed = new X509Certificate(ca.certificate)
    assert(parsed.verify(parsed.publicKey))
    assert.match(ca.key.reveal(), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
    assert.throws(() => createPrivateKey({ key: ca.key.reveal(), passphrase: 'wrong' }))
  })

  it('a leaf is for servers and clients, has the names, is signed by the authority, and is none itself', () => {
    const facts = certificateFacts(leaf.certificate)
    assert.equal(facts.authority, false)
    assert.deepEqual([facts.subject, facts.issuer], ['/CN=s1', '/CN=MyName'])
    assert.deepEqual(facts.dnsNames, ['s1', 's1.example.org'])
    assert.deepEqual(facts.ipAddresses, ['10.80.0.11', 'fe80::1'])
    assert.deepEqual([...facts.keyUsages].sort(), [SERVER_AUTH, CLIENT_AUTH].sort())
    assert.notEqual(facts.serial, certificateFacts(strange.certificate).serial)
    const parsed = new X509Certificate(leaf.certificate)
    assert(parsed.verify(new X509Certificate(ca.certificate).publicKey))
    assert(parsed.checkPrivateKey(createPrivateKey(leaf.key.reveal())))
    assert.equal(parsed.checkHost('s1'), 's1')
    assert.equal(parsed.checkHost('s2'), undefined)
    assert(!new X509Certificate(strange.certificate).verify(new X509Certificate(ca.certificate).publicKey))
  })

  it('a wrong passphrase is told', async () => {
    await assert.rejects(
      issueCertificate(
        {
          do: 'issue_certificate',
          certificatePath: 'c',
          keyPath: 'k',
          authorityCertificatePath: 'ca',
          authorityKeyPath: '/pki/ca-key.pem',
          authorityPassphrase: new Secret('wrong'),
          subject: '/CN=s1',
          dnsNames: [],
          ipAddresses: [],
          days: 1,
          bits: 2048,
        },
        ca.certificate,
        ca.key.reveal(),
        NOW,
      ),
      /The key \/pki\/ca-key.pem can not be opened/,
    )
  })

  describe('a certificate is renewed when it no longer fits', () => {
    const ARGS = {
      path: '/c',
      private_key_path: '/k',
      authority_path: '/ca',
      authority_private_key_path: '/cak',
      authority_passphrase: PHRASE,
      subject: '/CN=s1',
      dns_names: ['s1.example.org', 's1'],
      ip_addresses: ['10.80.0.11', 'FE80:0:0::1'],
    }
    interface Wanted {
      readonly args?: ValueMap
      readonly own?: Buffer | undefined
      readonly key?: Buffer | undefined
      readonly ca?: string
      readonly later?: number
    }
    const reason = (change: Wanted): string | undefined => {
      const args = readArguments(certificate, { ...ARGS, ...change.args }, undefined)
      const plan = certificate.plan(args, {
        own: 'own' in change ? change.own : Buffer.from(leaf.certificate),
        key: 'key' in change ? change.key : Buffer.from(leaf.key.reveal()),
        keyMode: 0o600,
        authority: Buffer.from(change.ca ?? ca.certificate),
        passphrase: PHRASE,
        now: new Date(NOW.getTime() + (change.later ?? 0) * DAY),
      })
      assert.equal(plan.steps.length, plan.message === undefined ? 0 : 1)
      return plan.message?.replace('a new certificate: ', '')
    }

    it('one that fits stays, whatever the order and spelling of its names', () => {
      assert.equal(reason({}), undefined)
      assert.equal(reason({ later: 69 }), undefined)
    })
    for (const [name, change, expected] of [
      ['another subject', () => ({ args: { subject: '/CN=s2' } }), 'its subject is /CN=s1'],
      [
        'other names',
        () => ({ args: { dns_names: ['s1'] } }),
        'it is valid for s1, s1.example.org, 10.80.0.11, fe80::1',
      ],
      [
        'other addresses',
        () => ({ args: { ip_addresses: [] } }),
        'it is valid for s1, s1.example.org, 10.80.0.11, fe80::1',
      ],
      [
        'another authority of the same name',
        () => ({ ca: other.certificate }),
        'it was issued by another authority',
      ],
      ['little time left', () => ({ later: 71 }), 'it expires in 29 days'],
      ['no time left', () => ({ later: 101 }), 'it has expired'],
      ['no certificate', () => ({ own: undefined }), 'there is none'],
      ['no key', () => ({ key: undefined }), 'its key is missing'],
      [
        "another certificate's key",
        () => ({ key: Buffer.from(strange.key.reveal()) }),
        'its key does not belong to it',
      ],
      ['rubbish', () => ({ own: Buffer.from('rubbish') }), 'the file is no certificate'],
    ] as const satisfies readonly (readonly [string, () => Wanted, string])[])
      it(`${name}: ${expected}`, () => assert.equal(reason(change()), expected))
  })

  describe('an authority is never replaced silently', () => {
    const refusal = (change: {
      readonly subject?: string
      readonly certificate?: Buffer | undefined
      readonly key?: Buffer | undefined
      readonly passphrase?: string
      readonly make?: boolean
    }): string | undefined => {
      const args = readArguments(
        certificate_authority,
        {
          certificate_path: '/ca',
          private_key_path: '/cak',
          subject: change.subject ?? '/CN=MyName',
          passphrase_file: '/phrase',
        },
        undefined,
      )
      const plan = certificate_authority.plan(args, {
        certificate: 'certificate' in change ? change.certificate : Buffer.from(ca.certificate),
        key: 'key' in change ? change.key : Buffer.from(ca.key.reveal()),
        phrase: {
          passphrase: change.passphrase === undefined ? PHRASE : new Secret(change.passphrase),
          make: change.make ?? false,
        },
      })
      assert.deepEqual(plan.steps, [])
      return plan.failure
    }
    it('one that is there is used', () => assert.equal(refusal({}), undefined))
    for (const [name, change, expected] of [
      ['another name', () => ({ subject: '/CN=Other' }), /"\/CN=MyName", not "\/CN=Other"/],
      ['its key is lost', () => ({ key: undefined }), /key \/cak is missing/],
      ['its certificate is lost', () => ({ certificate: undefined }), /certificate \/ca is missing/],
      ['its passphrase is lost', () => ({ make: true }), /passphrase file \/phrase is missing/],
      ['a wrong passphrase', () => ({ passphrase: 'wrong' }), /the passphrase is wrong/],
      [
        'a key of another',
        () => ({ key: Buffer.from(other.key.reveal()) }),
        /does not belong to the certificate/,
      ],
      ['a leaf', () => ({ certificate: Buffer.from(leaf.certificate), subject: '/CN=s1' }), /CA:FALSE/],
      ['rubbish', () => ({ certificate: Buffer.from('rubbish') }), /is no certificate/],
    ] as const satisfies readonly (readonly [string, () => object, RegExp])[])
      it(name, () => assert.match(refusal(change()) ?? '', expected))
  })

  it('names are written as MySQL compares them; others are refused', () => {
    assert.deepEqual(parseSlashName('/C=PT/O=Two words/cn=s1'), [
      { type: 'C', value: 'PT' },
      { type: 'O', value: 'Two words' },
      { type: 'CN', value: 's1' },
    ])
    for (const bad of ['CN=s1', '/', '/CN=', '/XX=1', '/CN=a,b', '/CN=a+b', '/CN=ä', '/s1'])
      assert.throws(() => parseSlashName(bad), { code: 'invalid-argument' }, bad)
  })
})
