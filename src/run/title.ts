import type { Task } from '../playbook/play.js'
import { resolve, type TemplateScope } from '../template/template.js'
import { showValue } from '../value/shape.js'

/** What a task without a name is called. */
function unnamed(task: Task): string {
  const { action, actionName } = task
  return action.kind === 'include_role' ? `${actionName} : ${showValue(action.name)}` : actionName
}

/** The task's name with its templates evaluated as far as possible. */
export function titleOf(task: Task, scope: TemplateScope): string {
  const role = task.role === undefined ? '' : `${task.role.name} : `
  const name = task.name ?? unnamed(task)
  if (!name.includes('{{')) return role + name
  try {
    return role + showValue(resolve(name, scope))
  } catch {
    return role + name
  }
}
