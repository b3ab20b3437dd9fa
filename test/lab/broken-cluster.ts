import type { Action, Task } from './broken-operations.js'

/** A task of a module. */
export const task = (host: string, module: string, args: Task['args']): Task => ({ host, module, args })

/** A server is, or comes back as, a member of the cluster. */
export const member = (host: string): Task =>
  task(host, 'innodb_cluster_instance', { cluster: 'one', cert_subject: `/CN=${host}` })

/** A cluster of three servers, with certificates and passwords. */
export const CLUSTER: readonly Action[] = [
  task('s1', 'innodb_cluster', {
    name: 'one',
    member_ssl_mode: 'VERIFY_IDENTITY',
    member_auth_type: 'CERT_SUBJECT_PASSWORD',
    cert_issuer: '/CN=MyName',
    cert_subject: '/CN=s1',
  }),
  member('s2'),
  member('s3'),
]

/** Fences the cluster off, or opens it. */
export const fence = (fenced: string): Task => task('s1', 'innodb_cluster_fence', { fenced })
