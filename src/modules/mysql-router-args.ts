import type { RouterWish } from '../mysql/router-bootstrap.js'
import { showValue } from '../value/shape.js'
import type { Arguments } from './schema.js'

/** What MySQL Router is bootstrapped with; the names are those of mysqlrouter's options. */
export const ROUTER_ARGS = {
  members: {
    type: 'strings',
    required: true,
    description: 'Inventory names of the servers that it routes to; the primary is found among them.',
  },
  topology: {
    type: 'string',
    description: 'Name of the ClusterSet, cluster or ReplicaSet (default: the ClusterSet, or the only one).',
  },
  name: {
    type: 'string',
    default: 'main',
    description: 'Name of the Router; unique on its host. system is reserved.',
  },
  directory: {
    type: 'string',
    default: '/var/lib/mysqlrouter',
    description: 'Directory of its configuration, keys and state.',
  },
  user: {
    type: 'string',
    default: 'mysqlrouter',
    description: 'User of the operating system that it runs as.',
  },
  service: {
    type: 'string',
    default: 'mysqlrouter',
    description: 'Its systemd unit; stopped before it is bootstrapped anew.',
  },
  account: {
    type: 'string',
    required: true,
    description: 'MySQL account that it runs with, made by innodb_router_account.',
  },
  password: { type: 'string', required: true, secret: true, description: 'Password of the account.' },
  bootstrap_user: {
    type: 'string',
    description: 'MySQL account to bootstrap with (default: account, whose privileges suffice).',
  },
  bootstrap_password: { type: 'string', secret: true, description: 'Its password (default: password).' },
  report_host: {
    type: 'string',
    description: 'Name of the host in the metadata (default: the inventory name).',
  },
  ssl_mode: {
    type: 'string',
    enum: ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'],
    default: 'VERIFY_IDENTITY',
    description: 'How its own connections to the servers are secured.',
  },
  ssl_ca: {
    type: 'string',
    default: '',
    description: 'Authority of the servers on the host, for both kinds of connections.',
  },
  ssl_cert: {
    type: 'string',
    default: '',
    description: 'Certificate that it shows while bootstrapping. Once running it shows none (up to 9.7).',
  },
  ssl_key: { type: 'string', default: '', description: 'Its key.' },
  server_ssl_mode: {
    type: 'string',
    enum: ['DISABLED', 'PREFERRED', 'REQUIRED', 'AS_CLIENT'],
    default: 'REQUIRED',
    description: "How clients' sessions are encrypted between Router and server.",
  },
  server_ssl_verify: {
    type: 'string',
    enum: ['DISABLED', 'VERIFY_CA', 'VERIFY_IDENTITY'],
    default: 'VERIFY_IDENTITY',
    description: 'How the server is verified for them.',
  },
  client_ssl_mode: {
    type: 'string',
    enum: ['DISABLED', 'PREFERRED', 'REQUIRED', 'PASSTHROUGH'],
    default: 'REQUIRED',
    description:
      "TLS between client and Router. PASSTHROUGH: the client speaks TLS with the server itself, so that accounts can ask for the client's certificate; without read-write splitting.",
  },
  client_ssl_cert: {
    type: 'string',
    default: '',
    description: 'Certificate shown to clients (default: Router makes one).',
  },
  client_ssl_key: { type: 'string', default: '', description: 'Its key.' },
  base_port: {
    type: 'integer',
    default: 6446,
    minimum: 1,
    maximum: 65500,
    description: 'Port for reading and writing; the next one reads, four further on splits.',
  },
  bind_address: { type: 'string', default: '0.0.0.0', description: 'Address that it listens on.' },
  target_cluster: {
    type: 'string',
    default: '',
    description: 'In a ClusterSet: primary, current, or the name of a cluster.',
  },
  x_protocol: { type: 'boolean', default: false, description: 'Ports for the X protocol, too.' },
  rest: { type: 'boolean', default: false, description: 'The REST service for monitoring, too.' },
  options: {
    type: 'map',
    default: {},
    description: 'More options of the configuration: `section.option` and value.',
  },
} as const

/** The arguments as a wish. @param host inventory name */
export function wishOf(args: Arguments<typeof ROUTER_ARGS>, host: string): RouterWish {
  return {
    directory: args.directory,
    name: args.name,
    user: args.user,
    account: args.account,
    bootstrapUser: args.bootstrap_user ?? args.account,
    reportHost: args.report_host ?? host,
    sslMode: args.ssl_mode,
    sslCa: args.ssl_ca,
    sslCert: args.ssl_cert,
    sslKey: args.ssl_key,
    serverSslMode: args.server_ssl_mode,
    serverSslVerify: args.client_ssl_mode === 'PASSTHROUGH' ? '' : args.server_ssl_verify,
    clientSslMode: args.client_ssl_mode,
    clientSslCert: args.client_ssl_cert,
    clientSslKey: args.client_ssl_key,
    basePort: args.base_port,
    bindAddress: args.bind_address,
    xProtocol: args.x_protocol,
    rest: args.rest,
    targetCluster: args.target_cluster,
    options: Object.fromEntries(
      Object.entries(args.options).map(([name, value]) => [name, showValue(value)]),
    ),
  }
}
