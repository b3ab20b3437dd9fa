import { CLIENT_AUTH, SERVER_AUTH } from '../../certificates/facts.js'
import { needsCertificate } from '../account.js'
import { attribute, type InstanceRow, type Server } from '../topology.js'
import { check, type Check, type Described, type Evidence } from './evidence.js'

/** A certificate that expires within this many days is a problem already. */
const EXPIRES_SOON_DAYS = 30

/** Whether a server speaks TLS, and refuses to do without. */
export function serverChecks({ host, picture }: Server, described: Described): readonly Check[] {
  const secure = picture.variables['require_secure_transport'] === 'ON'
  return [
    check(
      host,
      'speaks TLS',
      picture.tls,
      picture.tls ? 'yes' : 'no: see ssl_ca, ssl_cert, ssl_key and its error log',
    ),
    ...(described.sslMode === 'DISABLED'
      ? [check(host, 'encrypts', false, 'the SSL mode of its cluster is DISABLED')]
      : [
          check(
            host,
            'require_secure_transport',
            secure,
            secure
              ? 'ON'
              : 'OFF: logins over TCP without TLS are possible; SET PERSIST require_secure_transport = ON',
          ),
        ]),
  ]
}

/** The connections that have to be open just now, as the server sees them. */
export function liveCheck({ host, picture }: Server, user: string): Check {
  const threads = picture.secureThreads.filter((thread) => thread.user === user)
  const plain = threads.filter(({ version }) => version === '').length
  const [first] = threads
  const what = `live connections of ${user}`
  return first === undefined
    ? { ...check(host, what, false, 'none is open, but its server must have one'), passing: true }
    : check(
        host,
        what,
        plain === 0,
        plain === 0 ? `${first.version} ${first.cipher}` : `${plain} of ${threads.length} without TLS`,
      )
}

/** The certificate of a server: on disk, as it is served, and against what is described. */
export function certificateChecks(
  server: Server,
  row: InstanceRow,
  described: Described,
  evidence: Evidence,
): readonly Check[] {
  const { host, picture } = server
  const files = evidence.files.get(host)
  if (files?.certificate === undefined)
    return described.sslMode === 'DISABLED'
      ? []
      : [check(host, 'its certificate', false, `${files?.certificatePath ?? 'ssl_cert'} can't be read`)]
  const { certificate } = files
  const now = evidence.now.getTime() / 1000
  const days = Math.floor((certificate.notAfter - now) / 86_400)
  const served = evidence.served.get(host)
  const uses = (usage: string): boolean =>
    certificate.keyUsages.length === 0 || certificate.keyUsages.includes(usage)
  const names = [...certificate.dnsNames, ...certificate.ipAddresses]
  const subject = attribute(row.attributes, 'opt_certSubject')
  const { keyMode } = files
  const closed = keyMode !== undefined && (keyMode & 0o077) === 0
  return [
    check(
      host,
      'serves the certificate on disk',
      served === certificate.fingerprint,
      served === certificate.fingerprint ? 'the same' : 'another: ALTER INSTANCE RELOAD TLS',
    ),
    check(
      host,
      'its certificate is valid',
      certificate.notBefore <= now && days >= EXPIRES_SOON_DAYS,
      days < 0
        ? 'it has expired'
        : certificate.notBefore > now
          ? 'it is not valid yet'
          : days < EXPIRES_SOON_DAYS
            ? `it expires in ${days} days: renew it`
            : `${days} more days`,
    ),
    check(
      host,
      'its certificate is trusted',
      files.trusted === true,
      files.trusted === undefined
        ? 'ssl_ca can not be read'
        : files.trusted
          ? 'by ssl_ca'
          : 'it was not issued by an authority in ssl_ca',
    ),
    check(
      host,
      'its certificate serves clients and servers',
      uses(CLIENT_AUTH) && uses(SERVER_AUTH),
      certificate.keyUsages.length === 0 ? 'not restricted' : certificate.keyUsages.join(', '),
    ),
    ...(described.sslMode === 'VERIFY_IDENTITY'
      ? [
          check(
            host,
            `its certificate names ${picture.host}`,
            names.some(
              (name) =>
                name.toLowerCase() === picture.host.toLowerCase() || matchesWildcard(name, picture.host),
            ),
            names.join(', ') || 'no names',
          ),
        ]
      : []),
    ...(needsCertificate(described.authType)
      ? [
          check(
            host,
            'its certificate has the issuer',
            certificate.issuer === described.issuer,
            certificate.issuer === described.issuer
              ? certificate.issuer
              : `${certificate.issuer}; described is ${described.issuer}`,
          ),
        ]
      : []),
    ...(described.authType.includes('SUBJECT')
      ? [
          check(
            host,
            'its certificate has the subject',
            certificate.subject === subject,
            certificate.subject === subject
              ? subject
              : `${certificate.subject}; described is ${subject || 'nothing'}`,
          ),
        ]
      : []),
    check(
      host,
      'its key is closed to others',
      closed,
      keyMode === undefined
        ? `${files.keyPath} is not there`
        : `${files.keyPath} ${keyMode.toString(8).padStart(4, '0')} ${files.keyOwner}`,
    ),
  ]
}

const matchesWildcard = (name: string, host: string): boolean =>
  name.startsWith('*.') &&
  host.toLowerCase().endsWith(name.slice(1).toLowerCase()) &&
  !host.slice(0, -name.length + 1).includes('.')
