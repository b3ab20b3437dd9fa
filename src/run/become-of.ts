import type { BecomeUser } from '../connection/transport.js'
import { SignetError } from '../errors.js'
import { toBoolean } from '../modules/arguments.js'
import type { Task } from '../playbook/play.js'
import { resolve, type TemplateScope } from '../template/template.js'
import { showValue } from '../value/shape.js'
import type { Value } from '../value/value.js'
import type { PlayRun } from './play-run.js'

/** On which host a task is done, and as whom. */
export interface Target {
  readonly target: string
  readonly as: BecomeUser | undefined
}

/** Where a task goes: delegate_to, and become from the host's variables, the task, or the command line. */
export function becomeOf(task: Task, host: string, scope: TemplateScope, play: PlayRun): Target {
  const target = task.delegateTo === undefined ? host : showValue(resolve(task.delegateTo, scope, task.place))
  const where = target === host ? scope : play.scope(target, task)
  const variable = (name: string): Value | undefined => {
    const found = where.find(name)
    return found === undefined ? undefined : found.template ? resolve(found.value, where) : found.value
  }
  const { become } = play.run.options
  const keyword = (value: Value | undefined): Value | undefined =>
    value === undefined ? undefined : resolve(value, scope, task.place)
  const wanted = variable('ansible_become') ?? keyword(task.become.become) ?? become.become
  if (!toBoolean(wanted)) return { target, as: undefined }
  const user = variable('ansible_become_user') ?? keyword(task.become.user) ?? become.user ?? 'root'
  const method = showValue(
    variable('ansible_become_method') ?? keyword(task.become.method) ?? become.method ?? 'sudo',
  ).replace(/^ansible\.builtin\./, '')
  if (method !== 'sudo' && method !== 'su') {
    throw new SignetError('bad-option', `The become method "${method}" is not supported.`, {
      place: task.place,
      hint: 'There are sudo and su.',
    })
  }
  return { target, as: { user: showValue(user), method } }
}
