import { placeOf, placeOfValue } from '../source/source-file.js'
import { isMap, kindOf, showValue } from '../value/shape.js'
import type { Value } from '../value/value.js'
import { checkKeywords } from './check-keywords.js'
import { isYes } from './inherit.js'
import type { Play, Prompt } from './play.js'
import type { Problems } from './problems.js'

/** Reads `vars_prompt` of a play. Mistakes go to `problems`. */
export function loadPrompts(
  prompts: Value | undefined,
  around: Play['place'],
  problems: Problems,
): readonly Prompt[] {
  if (!Array.isArray(prompts)) return []
  return (prompts as readonly Value[]).flatMap((each, index) => {
    const place = (isMap(each) ? placeOf(each) : placeOfValue(prompts, index)) ?? around
    if (!isMap(each)) {
      problems.add(
        'invalid-playbook',
        `An entry of vars_prompt must be a mapping, not ${kindOf(each)}.`,
        place,
        'Write `- name: VARIABLE`, and `prompt: QUESTION` below it.',
      )
      return []
    }
    checkKeywords(each, 'vars_prompt', problems, { allowed: () => false })
    if (each['name'] === undefined) {
      problems.add(
        'invalid-playbook',
        'This entry of vars_prompt has no name.',
        place,
        'Add `name: VARIABLE`.',
      )
      return []
    }
    const name = showValue(each['name'])
    return [
      {
        place,
        name,
        question: each['prompt'] === undefined ? name : showValue(each['prompt']),
        ...(each['default'] === undefined || each['default'] === null ? {} : { default: each['default'] }),
        hidden: each['private'] === undefined || isYes(each['private']),
        twice: isYes(each['confirm']),
      },
    ]
  })
}
