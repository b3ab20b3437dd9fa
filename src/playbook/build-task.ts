import type { Place } from '../source/place.js'
import { showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { conditions, texts, type Inherited } from './inherit.js'
import type { LoadContext } from './load-context.js'
import { loopOf } from './loop.js'
import type { Action, Task } from './play.js'

/** A task's keywords, own and inherited, as the engine wants them. */
export function buildTask(
  body: ValueMap,
  written: { readonly key: string; readonly action: Action; readonly args: ValueMap; readonly place: Place },
  inherited: Inherited,
  context: LoadContext,
): Task {
  const { single } = inherited
  const loop = loopOf(body, context.problems)
  const optional = <K extends string>(name: K, value: Value | undefined): Partial<Record<K, Value>> =>
    value === undefined ? {} : ({ [name]: value } as Record<K, Value>)
  const when = (name: 'changed_when' | 'failed_when' | 'until'): Task['until'] =>
    body[name] === undefined ? undefined : conditions(body, name)
  const changedWhen = when('changed_when')
  const failedWhen = when('failed_when')
  const until = when('until')
  return {
    kind: 'task',
    place: written.place,
    ...(body['name'] === undefined || body['name'] === null ? {} : { name: showValue(body['name']) }),
    actionName: written.key,
    action: written.action,
    args: written.args,
    when: inherited.when,
    ...(loop === undefined ? {} : { loop }),
    ...(body['register'] === undefined ? {} : { register: showValue(body['register']) }),
    notify: inherited.notify,
    listen: texts(body['listen']),
    tags: inherited.tags,
    become: inherited.become,
    ...optional('remoteUser', single['remote_user']),
    ...optional('connection', single['connection']),
    vars: inherited.vars,
    environment: inherited.environment,
    ...(changedWhen ? { changedWhen } : {}),
    ...(failedWhen ? { failedWhen } : {}),
    ...(until ? { until } : {}),
    ...optional('ignoreErrors', single['ignore_errors']),
    ...optional('ignoreUnreachable', single['ignore_unreachable']),
    ...optional('retries', body['retries']),
    ...optional('delay', body['delay']),
    ...optional('noLog', single['no_log']),
    ...optional('delegateTo', single['delegate_to']),
    ...optional('delegateFacts', single['delegate_facts']),
    ...optional('runOnce', single['run_once']),
    ...optional('checkMode', single['check_mode']),
    ...optional('diff', single['diff']),
    ...optional('throttle', single['throttle']),
    ...optional('timeout', single['timeout']),
    anyErrorsFatal: inherited.anyErrorsFatal,
    ...(context.role === undefined ? {} : { role: context.role }),
    directory: context.directory,
  }
}
