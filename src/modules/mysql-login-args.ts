import { DEFAULT_LOGIN, type MysqlLogin } from '../mysql/login.js'
import type { Secret } from '../value/secret.js'

/** How the MySQL modules log in, in community.mysql's names. By default as root through the unix socket. */
export const LOGIN_ARGS = {
  login_user: { type: 'string', default: 'root', description: 'Account to log in as.' },
  login_password: {
    type: 'string',
    secret: true,
    description: 'Its password; root needs none through the socket (auth_socket).',
  },
  login_unix_socket: {
    type: 'string',
    description: 'Unix socket of the server (default: /var/run/mysqld/mysqld.sock).',
  },
  login_host: {
    type: 'string',
    description: 'Address of the server as seen from the host, for a login over TCP with TLS.',
  },
  login_port: { type: 'integer', default: 3306, description: 'Port for a login over TCP.' },
} as const

/** The login that the arguments describe. */
export function loginOf(args: {
  readonly login_user: string
  readonly login_password?: Secret
  readonly login_unix_socket?: string
  readonly login_host?: string
  readonly login_port: number
}): MysqlLogin {
  const tcp = args.login_host !== undefined && args.login_unix_socket === undefined
  return {
    user: args.login_user,
    ...(args.login_password === undefined ? {} : { password: args.login_password }),
    via: tcp
      ? { kind: 'tcp', address: args.login_host, port: args.login_port }
      : args.login_unix_socket === undefined
        ? DEFAULT_LOGIN.via
        : { kind: 'socket', path: args.login_unix_socket },
  }
}
