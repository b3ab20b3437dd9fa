import type { Secret } from '../value/secret.js'

/**
 * How to log in to the MySQL server of a host. By default as root through the unix socket, where the server's
 * auth_socket plugin knows the user from the operating system; nothing but sshd need be open.
 */
export interface MysqlLogin {
  readonly user: string
  readonly password?: Secret
  /** Schema that unqualified names mean. */
  readonly database?: string
  readonly via:
    | { readonly kind: 'socket'; readonly path: string }
    | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
}

/** Debian's and MySQL's own defaults. */
export const DEFAULT_LOGIN: MysqlLogin = {
  user: 'root',
  via: { kind: 'socket', path: '/var/run/mysqld/mysqld.sock' },
}

/** A text that is the same for the same login only. Holds the password: for keys in memory, never to be shown. */
export const loginKey = ({ user, via, password, database }: MysqlLogin): string =>
  JSON.stringify([user, via, password?.reveal() ?? null, database ?? null])
