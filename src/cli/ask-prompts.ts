import type { Environment } from '../environment.js'
import { SignetError } from '../errors.js'
import type { VarsSource } from '../inventory/inventory.js'
import type { Playbook, Prompt } from '../playbook/play.js'
import { showValue } from '../value/shape.js'
import { Secret } from '../value/secret.js'
import type { Value } from '../value/value.js'
import { askLine, canAsk } from './ask.js'

/** Answers to the questions of `vars_prompt`, by the name of the variable. */
export type Answers = ReadonlyMap<Prompt, Value>

/**
 * Asks all questions of all plays, before anything runs: nobody has to wait at the terminal for the last play. What
 * is given with -e is not asked for. Without a terminal the defaults are taken.
 * @throws SignetError bad-option for a question that has no default and nobody to answer it
 */
export async function askPrompts(
  playbooks: readonly Playbook[],
  extraVars: readonly VarsSource[],
  environment: Environment,
): Promise<Answers> {
  const given = new Set(extraVars.flatMap(({ values }) => Object.keys(values)))
  const answers = new Map<Prompt, Value>()
  for (const prompt of playbooks.flatMap(({ plays }) => plays.flatMap(({ prompts }) => prompts)))
    if (!given.has(prompt.name)) answers.set(prompt, await answerTo(prompt, environment))
  return answers
}

async function answerTo(prompt: Prompt, environment: Environment): Promise<Value> {
  if (!canAsk(environment)) {
    if (prompt.default !== undefined) return prompt.default
    throw new SignetError('bad-option', `${prompt.name} is asked for, but there is no terminal to ask at.`, {
      place: prompt.place,
      hint: `Give it with -e ${prompt.name}=VALUE.`,
    })
  }
  const shown = prompt.default === undefined || prompt.hidden ? '' : ` [${showValue(prompt.default)}]`
  const ask = (question: string): Promise<string> =>
    askLine(`${question}: `, environment, { hidden: prompt.hidden })
  let line = await ask(`${prompt.question}${shown}`)
  while (prompt.twice && line !== (await ask('The same once more'))) {
    environment.stderr.write('The answers differ.\n')
    line = await ask(`${prompt.question}${shown}`)
  }
  if (line === '' && prompt.default !== undefined) return prompt.default
  return prompt.hidden ? new Secret(line) : line
}
