import type { Step } from '../../host/step.js'
import type { Plan } from '../../modules/module.js'
import { checkOneWay } from '../connectivity-steps.js'
import type { MysqlLogin } from '../login.js'
import { createMetadataSchema, METADATA } from '../metadata/schema.js'
import { transaction } from '../metadata/statements.js'
import { refuseName } from '../refusals.js'
import type { AuthType, Presented, SslMode } from '../step.js'
import { addressOf, type Server } from '../topology.js'
import { replicationAccount, replicationUser } from './account.js'
import { unfenceStep } from './channel.js'
import { planReplicaSetOptions, type ReplicaSetOptions } from './plan-options.js'
import { asPrimary, metadataOf, predict, seesMetadata, withAccount, withMember } from './predict.js'
import { refuseReplicasetOptions, refuseReplicasetServer } from './refusals.js'
import {
  channelOf,
  replicasetNamed,
  replicasetOfServer,
  sourceAddress,
  type ReplicaSet,
} from './replicaset.js'
import { addMember, insertReplicaset } from './statements.js'

export interface CreateReplicaSet extends ReplicaSetOptions {
  readonly name: string
  /** Undefined: AUTO. */
  readonly sslMode: SslMode | undefined
  readonly authType: AuthType
  readonly issuer: string
  readonly subject: string
  readonly gtidSetIsComplete: boolean
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Makes a server the primary of a new ReplicaSet. The record comes last: until then a run begins anew. */
export function planCreateReplicaSet(
  wanted: CreateReplicaSet,
  server: Server,
  sets: readonly ReplicaSet[],
  login: MysqlLogin,
  certificate: Presented | undefined,
): Plan {
  const { host, picture } = server
  const badName = refuseName(wanted.name, 'ReplicaSet')
  if (badName !== undefined) return refuse(badName)
  const mine = replicasetOfServer(sets, server)
  if (mine !== undefined && mine.name.toLowerCase() !== wanted.name.toLowerCase())
    return refuse(`${host} is a member of ReplicaSet "${mine.name}" already; a server belongs to one.`)
  const existing = mine ?? replicasetNamed(sets, wanted.name)
  if (existing !== undefined) return existingPlan(wanted, existing, login)
  const sslMode = wanted.sslMode ?? (picture.tls ? 'REQUIRED' : 'DISABLED')
  const requirement = { authType: wanted.authType, issuer: wanted.issuer, subject: wanted.subject }
  const refusal =
    refuseReplicasetOptions({ sslMode, ...requirement }, server) ?? refuseReplicasetServer(server)
  if (refusal !== undefined) return refuse(refusal)
  const channel = channelOf(server)
  if (channel !== undefined)
    return refuse(
      `${host} replicates from ${sourceAddress(channel)}: a primary replicates from nobody. Create the ReplicaSet on ${channel.host}, or remove the channel.`,
    )
  const allowedHost = wanted.allowedHost ?? '%'
  const attributes = {
    adopted: 0,
    opt_gtidSetIsComplete: wanted.gtidSetIsComplete,
    opt_replicationAllowedHost: allowedHost,
    opt_memberAuthType: wanted.authType,
    opt_certIssuer: wanted.issuer,
    opt_replicationSslMode: sslMode,
    ...(wanted.tags === undefined ? {} : { tags: wanted.tags }),
  }
  const member = {
    server_id: picture.serverId,
    opt_certSubject: wanted.subject,
    replicationAccountUser: replicationUser(picture.serverId),
    replicationAccountHost: allowedHost,
  }
  const id = { generate: 'uuid', name: 'replicaset' } as const
  const side = { server, requirement, presented: certificate }
  const steps: readonly Step[] = [
    checkOneWay(side, side, sslMode, login),
    ...unfenceStep(server, login),
    ...replicationAccount(server, server, login, allowedHost, requirement),
    {
      do: 'sql',
      host,
      login,
      statements: createMetadataSchema(picture.version).map((text) => ({ text })),
      undo: [{ do: 'sql', host, login, statements: [{ text: `DROP SCHEMA IF EXISTS ${METADATA}` }] }],
      note: `make the metadata schema on ${host}`,
    },
    {
      do: 'sql',
      host,
      login,
      note: `record ReplicaSet "${wanted.name}"`,
      statements: transaction([
        ...insertReplicaset(id, wanted.name, attributes),
        ...addMember(id, server, undefined, member),
      ]),
    },
  ]
  const metadata = withMember(
    metadataOf('new', wanted.name, attributes, picture.version),
    'new',
    server,
    undefined,
    member,
  )
  return {
    steps,
    predicts: predict(login, [
      [server, asPrimary, withAccount(server, allowedHost, requirement), seesMetadata(metadata)],
    ]),
    diff: [
      {
        what: `ReplicaSet ${wanted.name}`,
        before: '',
        after: `primary ${addressOf(server)}, replicationSslMode ${sslMode}, memberAuthType ${wanted.authType}\n`,
      },
    ],
  }
}

/** A ReplicaSet that is there: SSL mode and authentication can't be changed, the hosts that may log in can. */
function existingPlan(wanted: CreateReplicaSet, set: ReplicaSet, login: MysqlLogin): Plan {
  const differences = [
    ...(wanted.sslMode !== undefined && wanted.sslMode !== set.sslMode
      ? [`replicationSslMode is ${set.sslMode}, not ${wanted.sslMode}`]
      : []),
    ...(wanted.authType !== set.authType
      ? [`memberAuthType is ${set.authType}, not ${wanted.authType}`]
      : []),
    ...(wanted.authType.startsWith('CERT') && wanted.issuer !== '' && wanted.issuer !== set.issuer
      ? [`certIssuer is "${set.issuer}", not "${wanted.issuer}"`]
      : []),
  ]
  if (differences.length > 0)
    return refuse(
      `ReplicaSet "${set.name}" exists with other settings, which can't be changed later: ${differences.join('; ')}.`,
    )
  return planReplicaSetOptions(wanted, set, login)
}
