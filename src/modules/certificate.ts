import { X509Certificate } from 'node:crypto'
import { canonicalAddress, certificateFacts } from '../certificates/facts.js'
import { parseSlashName, writeSlashName } from '../certificates/subject-text.js'
import { Unknown } from '../value/unknown.js'
import { passphraseOf } from './certificate-passphrase.js'
import { keyMatches } from './certificate_authority.js'
import { defineModule, type Plan } from './module.js'

export const certificate = defineModule({
  name: 'certificate',
  aliases: [],
  summary:
    'Issues a certificate for a server, signed by an authority; renews it when its name, its authority or the rest of its validity no longer fit.',
  args: {
    path: { type: 'string', required: true, description: 'Where the certificate is, in PEM form.' },
    private_key_path: { type: 'string', required: true, description: 'Where its key is; mode 0600.' },
    authority_path: { type: 'string', required: true, description: 'Certificate of the authority.' },
    authority_private_key_path: {
      type: 'string',
      required: true,
      description: 'Encrypted key of the authority.',
    },
    authority_passphrase: { type: 'string', secret: true, description: 'Passphrase of that key.' },
    authority_passphrase_file: { type: 'string', description: 'File with that passphrase.' },
    subject: {
      type: 'string',
      required: true,
      description: "Distinguished name in MySQL's slash form: /CN=s1. What certSubject is.",
    },
    dns_names: {
      type: 'strings',
      default: [],
      description: 'Names that it is valid for (subject alternative names).',
    },
    ip_addresses: { type: 'strings', default: [], description: 'Addresses that it is valid for.' },
    days: { type: 'integer', default: 825, minimum: 1, description: 'Validity of a new one.' },
    renew_before: {
      type: 'integer',
      default: 30,
      minimum: 0,
      description: 'Renew it when fewer days remain.',
    },
    bits: {
      type: 'integer',
      default: 2048,
      minimum: 2048,
      maximum: 8192,
      description: 'Length of a new RSA key.',
    },
  },
  rules: { requiredOneOf: [['authority_passphrase', 'authority_passphrase_file']] },
  returns: {
    subject: 'Its name in slash form.',
    issuer: "The authority's name in slash form.",
    not_after: 'End of its validity, seconds since 1970.',
    serial: 'Serial number in hex.',
    fingerprint: 'SHA-256 of the certificate.',
  },
  examples: [
    {
      description: 'A certificate for s1',
      args: {
        path: '/root/pki/s1.pem',
        private_key_path: '/root/pki/s1-key.pem',
        authority_path: '/root/pki/ca.pem',
        authority_private_key_path: '/root/pki/ca-key.pem',
        authority_passphrase_file: '/root/pki/passphrase',
        subject: '/CN=s1',
        dns_names: ['s1'],
      },
    },
  ],
  contract: [
    {
      args: {
        path: '/root/contract-cert.pem',
        private_key_path: '/root/contract-cert-key.pem',
        authority_path: '/root/contract-ca.pem',
        authority_private_key_path: '/root/contract-ca-key.pem',
        authority_passphrase: 'contract',
        subject: '/C=PT/O=Contract/CN=s1',
        dns_names: ['s1', 's1.example.org'],
        ip_addresses: ['10.80.0.11'],
      },
      before:
        'openssl req -x509 -newkey rsa:2048 -passout pass:contract -keyout /root/contract-ca-key.pem -out /root/contract-ca.pem -subj /CN=Contract -days 5 2>/dev/null',
      after: 'rm -f /root/contract-*.pem',
    },
  ],
  probe: async (host, args, task) => {
    const read = (path: string) => host.ask({ ask: 'file', path, read: 'content', follow: true })
    const [own, key, authority, phrase] = await Promise.all([
      read(args.path),
      read(args.private_key_path),
      read(args.authority_path),
      passphraseOf(host, args.authority_passphrase, args.authority_passphrase_file),
    ])
    const content = (file: typeof own): Buffer | Unknown | undefined =>
      file.kind === 'file' ? file.content : undefined
    return {
      own: content(own),
      key: content(key),
      keyMode: key.kind === 'file' ? key.mode : undefined,
      authority: content(authority),
      passphrase: phrase.passphrase,
      now: task.now(),
    }
  },
  plan: (args, state): Plan => {
    const { own, key, authority, passphrase, now } = state
    const subject = writeSlashName(parseSlashName(args.subject))
    if (authority === undefined)
      return { steps: [], diff: [], failure: `There is no authority in ${args.authority_path}.` }
    const reason = reasonToIssue({
      own,
      key,
      authority,
      now,
      subject,
      dnsNames: args.dns_names,
      ipAddresses: args.ip_addresses,
      renewBefore: args.renew_before,
    })
    if (reason === undefined) {
      if (state.keyMode !== undefined && (state.keyMode & 0o077) !== 0)
        return {
          steps: [{ do: 'set_attributes', path: args.private_key_path, mode: 0o600 }],
          diff: [{ what: args.private_key_path, before: 'readable by others\n', after: 'mode: 0600\n' }],
        }
      return { steps: [], diff: [] }
    }
    return {
      steps: [
        {
          do: 'issue_certificate',
          certificatePath: args.path,
          keyPath: args.private_key_path,
          authorityCertificatePath: args.authority_path,
          authorityKeyPath: args.authority_private_key_path,
          authorityPassphrase: passphrase,
          subject,
          dnsNames: args.dns_names,
          ipAddresses: args.ip_addresses,
          days: args.days,
          bits: args.bits,
          note: `issue a certificate for ${subject}`,
        },
      ],
      diff: [
        {
          what: args.path,
          before: own === undefined ? '' : `certificate: ${reason}\n`,
          after: `certificate for ${subject} (${[...args.dns_names, ...args.ip_addresses].join(', ')}), valid for ${args.days} days\n`,
        },
      ],
      message: `a new certificate: ${reason}`,
    }
  },
  result: (args, { own, authority }, plan) => {
    const facts = plan.steps.length === 0 && Buffer.isBuffer(own) ? certificateFacts(own) : undefined
    const issuer = Buffer.isBuffer(authority)
      ? certificateFacts(authority).subject
      : authority instanceof Unknown
        ? ((authority.known['certificate'] as { subject?: string } | undefined)?.subject ?? '')
        : ''
    const unknown = new Unknown(`${args.path} is yet to be made`, { fresh: true })
    return {
      subject: args.subject,
      issuer,
      not_after: facts?.notAfter ?? unknown,
      serial: facts?.serial ?? unknown,
      fingerprint: facts?.fingerprint ?? unknown,
    }
  },
})

interface Look {
  readonly own: Buffer | Unknown | undefined
  readonly key: Buffer | Unknown | undefined
  readonly authority: Buffer | Unknown
  readonly now: Date
  readonly subject: string
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly renewBefore: number
}

/** Why a certificate has to be issued; undefined if the one that is there fits. */
function reasonToIssue(look: Look): string | undefined {
  const { own, key, authority } = look
  if (own === undefined || key === undefined)
    return own === undefined ? 'there is none' : 'its key is missing'
  if (own instanceof Unknown || key instanceof Unknown) return undefined
  if (authority instanceof Unknown) return 'the authority is new'
  let facts
  try {
    facts = certificateFacts(own)
  } catch {
    return 'the file is no certificate'
  }
  const issuer = new X509Certificate(authority)
  if (
    !new X509Certificate(own).verify(issuer.publicKey) ||
    facts.issuer !== certificateFacts(authority).subject
  )
    return 'it was issued by another authority'
  if (facts.subject !== look.subject) return `its subject is ${facts.subject}`
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    a.length === b.length && [...a].sort().join() === [...b].sort().join()
  if (
    !same(facts.dnsNames, look.dnsNames) ||
    !same(facts.ipAddresses, look.ipAddresses.map(canonicalAddress))
  )
    return `it is valid for ${[...facts.dnsNames, ...facts.ipAddresses].join(', ') || 'no name'}`
  const days = Math.floor((facts.notAfter * 1000 - look.now.getTime()) / 86_400_000)
  if (days < look.renewBefore) return days < 0 ? 'it has expired' : `it expires in ${days} days`
  return keyMatches(own, key, undefined) === undefined ? undefined : 'its key does not belong to it'
}
