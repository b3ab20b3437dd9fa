import { createPrivateKey, X509Certificate } from 'node:crypto'
import { certificateFacts, type CertificateFacts } from '../certificates/facts.js'
import { parseSlashName, writeSlashName } from '../certificates/subject-text.js'
import { Secret } from '../value/secret.js'
import { Unknown } from '../value/unknown.js'
import { passphraseOf } from './certificate-passphrase.js'
import { defineModule, type Plan } from './module.js'

export const certificate_authority = defineModule({
  name: 'certificate_authority',
  aliases: [],
  summary:
    'Makes a certificate authority: a self-signed certificate and its key, encrypted at rest. One that is there is used again and never replaced.',
  args: {
    certificate_path: {
      type: 'string',
      required: true,
      description: 'Where the certificate is, in PEM form.',
    },
    private_key_path: { type: 'string', required: true, description: 'Where its encrypted key is.' },
    subject: {
      type: 'string',
      required: true,
      description: "Distinguished name in MySQL's slash form: /CN=MyName.",
    },
    days: { type: 'integer', default: 3650, minimum: 1, description: 'Validity of a new one.' },
    bits: {
      type: 'integer',
      default: 3072,
      minimum: 2048,
      maximum: 8192,
      description: 'Length of a new RSA key.',
    },
    passphrase: { type: 'string', secret: true, description: 'Encrypts the key.' },
    passphrase_file: {
      type: 'string',
      description: 'File with the passphrase, made with a random one and mode 0600 when it is absent.',
    },
  },
  rules: { requiredOneOf: [['passphrase', 'passphrase_file']] },
  returns: {
    subject: 'Its name in slash form: what certIssuer is.',
    not_after: 'End of its validity, seconds since 1970.',
    fingerprint: 'SHA-256 of the certificate.',
  },
  examples: [
    {
      description: 'An authority on the controller',
      args: {
        certificate_path: '/root/pki/ca.pem',
        private_key_path: '/root/pki/ca-key.pem',
        subject: '/CN=MyName',
        passphrase_file: '/root/pki/passphrase',
      },
    },
  ],
  contract: [
    {
      args: {
        certificate_path: '/root/contract-ca.pem',
        private_key_path: '/root/contract-ca-key.pem',
        subject: '/CN=Contract',
        passphrase_file: '/root/contract-pass',
        bits: 2048,
      },
      after: 'rm -f /root/contract-ca* /root/contract-pass',
    },
  ],
  probe: async (host, args) => {
    const [certificate, key, phrase] = await Promise.all([
      host.ask({ ask: 'file', path: args.certificate_path, read: 'content', follow: true }),
      host.ask({ ask: 'file', path: args.private_key_path, read: 'content', follow: true }),
      passphraseOf(host, args.passphrase, args.passphrase_file),
    ])
    return {
      certificate: certificate.kind === 'file' ? certificate.content : undefined,
      key: key.kind === 'file' ? key.content : undefined,
      phrase,
    }
  },
  plan: (args, { certificate, key, phrase }): Plan => {
    const subject = writeSlashName(parseSlashName(args.subject))
    const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })
    if (certificate === undefined && key === undefined) {
      const make = phrase.make && args.passphrase_file !== undefined
      return {
        steps: [
          ...(make
            ? [
                {
                  do: 'write_file' as const,
                  path: args.passphrase_file,
                  content: new Secret(`${phrase.passphrase.reveal()}\n`),
                  mode: 0o600,
                },
              ]
            : []),
          {
            do: 'make_authority',
            certificatePath: args.certificate_path,
            keyPath: args.private_key_path,
            passphrase: phrase.passphrase,
            subject,
            days: args.days,
            bits: args.bits,
            note: `make the certificate authority ${subject}`,
          },
        ],
        diff: [
          {
            what: args.certificate_path,
            before: '',
            after: `certificate authority ${subject}, valid for ${args.days} days\n`,
          },
        ],
      }
    }
    if (certificate instanceof Unknown || key instanceof Unknown) return { steps: [], diff: [] }
    if (key === undefined)
      return refuse(
        `The authority's key ${args.private_key_path} is missing, but its certificate is there. Bring the key back, or remove the certificate to begin with a new authority.`,
      )
    if (certificate === undefined)
      return refuse(
        `The authority's certificate ${args.certificate_path} is missing, but its key is there. Bring it back, or remove the key to begin with a new authority.`,
      )
    let facts: CertificateFacts
    try {
      facts = certificateFacts(certificate)
    } catch {
      return refuse(`${args.certificate_path} is no certificate.`)
    }
    if (phrase.make)
      return refuse(
        `The passphrase file ${args.passphrase_file ?? ''} is missing, but the authority's key is there. Bring the file back.`,
      )
    if (facts.subject !== subject)
      return refuse(
        `The authority in ${args.certificate_path} is "${facts.subject}", not "${subject}". It is never replaced silently: use its name, or another path for a new authority.`,
      )
    if (!facts.authority)
      return refuse(`The certificate in ${args.certificate_path} is no authority's (CA:FALSE).`)
    if (facts.notAfter * 1000 < Date.now())
      return refuse(
        `The authority in ${args.certificate_path} has expired on ${new Date(facts.notAfter * 1000).toISOString().slice(0, 10)}. Make a new one at another path, and let every server trust both while certificates are renewed.`,
      )
    const match = keyMatches(certificate, key, phrase.passphrase)
    return match === undefined
      ? { steps: [], diff: [] }
      : refuse(`The key ${args.private_key_path} ${match}.`)
  },
  result: (args, { certificate }) => {
    const facts = Buffer.isBuffer(certificate) ? readable(certificate) : undefined
    const unknown = new Unknown(`${args.certificate_path} is yet to be made`, { fresh: true })
    return {
      subject: args.subject,
      not_after: facts?.notAfter ?? unknown,
      fingerprint: facts?.fingerprint ?? unknown,
    }
  },
})

function readable(certificate: Buffer): CertificateFacts | undefined {
  try {
    return certificateFacts(certificate)
  } catch {
    return undefined
  }
}

/** Why a key does not go with a certificate; undefined if it does. */
export function keyMatches(
  certificate: Buffer,
  key: Buffer,
  passphrase: Secret | undefined,
): string | undefined {
  try {
    const opened = createPrivateKey({
      key,
      ...(passphrase === undefined ? {} : { passphrase: passphrase.reveal() }),
    })
    return new X509Certificate(certificate).checkPrivateKey(opened)
      ? undefined
      : 'does not belong to the certificate'
  } catch {
    return 'can not be opened: the passphrase is wrong or the file is damaged'
  }
}
