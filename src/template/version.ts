import { EvaluationError } from './values.js'

/** Compares versions by their numbers and words, as Ansible's `version` test (loose) does. */
export function compareVersions(left: string, right: string, operator: string): boolean {
  const parts = (version: string): readonly (string | number)[] =>
    (version.match(/\d+|[a-zA-Z]+/g) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part))
  const a = parts(left)
  const b = parts(right)
  let difference = 0
  for (let index = 0; index < Math.max(a.length, b.length) && difference === 0; index++) {
    const x = a[index]
    const y = b[index]
    if (x === undefined) difference = -1
    else if (y === undefined) difference = 1
    else if (typeof x === 'number' && typeof y === 'number') difference = x - y
    else difference = String(x) < String(y) ? -1 : String(x) > String(y) ? 1 : 0
  }
  switch (operator) {
    case '==':
    case '=':
    case 'eq':
      return difference === 0
    case '!=':
    case '<>':
    case 'ne':
      return difference !== 0
    case '<':
    case 'lt':
      return difference < 0
    case '<=':
    case 'le':
      return difference <= 0
    case '>':
    case 'gt':
      return difference > 0
    case '>=':
    case 'ge':
      return difference >= 0
    default:
      throw new EvaluationError(`"${operator}" does not compare versions`)
  }
}
