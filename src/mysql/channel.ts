import { needsCertificate } from './account.js'
import type { AuthType, SslMode, Statement } from './step.js'

/** A piece of CHANGE REPLICATION SOURCE with its values. */
export interface SqlPart {
  readonly text: string
  readonly values: readonly (string | number)[]
}

/**
 * The SSL options of a channel: the paths are those of the server that runs the statement, which shows its server
 * certificate as a client. @param variables its global variables
 */
export function channelSsl(
  mode: SslMode,
  authType: AuthType,
  variables: Readonly<Record<string, string>>,
): SqlPart {
  if (mode === 'DISABLED') return { text: ', SOURCE_SSL=0, GET_SOURCE_PUBLIC_KEY=1', values: [] }
  const parts: string[] = ['SOURCE_SSL=1']
  const values: string[] = []
  const copy = (option: string, variable: string): void => {
    const value = variables[variable] ?? ''
    if (value === '') return
    parts.push(`${option}=?`)
    values.push(value)
  }
  if (mode !== 'REQUIRED') {
    copy('SOURCE_SSL_CA', 'ssl_ca')
    copy('SOURCE_SSL_CAPATH', 'ssl_capath')
  }
  if (mode !== 'REQUIRED' || needsCertificate(authType)) {
    copy('SOURCE_SSL_CRL', 'ssl_crl')
    copy('SOURCE_SSL_CRLPATH', 'ssl_crlpath')
    copy('SOURCE_SSL_CIPHER', 'ssl_cipher')
    copy('SOURCE_TLS_VERSION', 'tls_version')
    copy('SOURCE_TLS_CIPHERSUITES', 'tls_ciphersuites')
  }
  if (needsCertificate(authType)) {
    copy('SOURCE_SSL_CERT', 'ssl_cert')
    copy('SOURCE_SSL_KEY', 'ssl_key')
  }
  if (mode === 'VERIFY_IDENTITY') parts.push('SOURCE_SSL_VERIFY_SERVER_CERT=1')
  return { text: `, ${parts.join(', ')}`, values }
}

/** Stops and forgets a channel, if it is there. */
export function removeChannel(channel: string): readonly Statement[] {
  return [
    // 3074: there is no such channel; 3139: Group Replication's own can't be stopped by hand.
    { text: 'STOP REPLICA FOR CHANNEL ?', values: [channel], tolerate: [3074, 1617, 3139] },
    { text: 'RESET REPLICA ALL FOR CHANNEL ?', values: [channel], tolerate: [3074, 1617] },
  ]
}
