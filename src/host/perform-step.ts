import { randomBytes } from 'node:crypto'
import type { BecomeUser } from '../connection/transport.js'
import { SignetError } from '../errors.js'
import { performCertificate } from '../certificates/perform.js'
import { catchUp } from '../mysql/catch-up.js'
import { checkConnectivity } from '../mysql/connectivity.js'
import { copyAccounts } from '../mysql/copy-accounts.js'
import { GeneratedValues } from '../mysql/generated.js'
import type { Hosts } from './hosts.js'
import type { Outcome, Step } from './step.js'
import { bytesOf, INLINE_LIMIT, stepScript } from './step-script.js'
import { commit, isInDoubt, isRefused, undone, type Begun, type Progress } from './undo.js'
import { waitUntil } from './wait-until.js'

/** What performing the steps of one task shares. */
interface Performance {
  readonly hosts: Hosts
  readonly as: BecomeUser | undefined
  /** Nothing is told of what goes on: no_log. */
  readonly quiet: boolean
  readonly generated: GeneratedValues
  readonly progress: Progress
}

/**
 * Performs steps in order. When one fails, the undo steps of those already done are performed in reverse order, and
 * the error says so. @throws SignetError
 */
export async function performSteps(
  steps: readonly Step[],
  host: string,
  hosts: Hosts,
  how: Pick<Performance, 'as' | 'quiet'>,
): Promise<readonly Outcome[]> {
  const performance: Performance = { hosts, ...how, generated: new GeneratedValues(), progress: begin() }
  try {
    return await performAll(steps, host, performance)
  } catch (error) {
    throw await undone(error, performance.progress, host, (step, at) =>
      performAll([step], at, { ...performance, progress: begin() }),
    )
  }
}

const begin = (): Progress => ({ begun: [], committed: false })

async function performAll(
  steps: readonly Step[],
  host: string,
  performance: Performance,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (let index = 0; index < steps.length;) {
    const batch = scriptBatch(steps, index, host)
    if (batch.length > 0) {
      outcomes.push(...(await performScripts(batch, batch[0]?.host ?? host, performance)))
      index += batch.length
    } else {
      const step = steps[index]
      if (step !== undefined) outcomes.push(await performOne(step, step.host ?? host, performance))
      index++
    }
  }
  return outcomes
}

/** Neighbouring steps of one host that scripts can do: they travel together. */
function scriptBatch(steps: readonly Step[], from: number, host: string): readonly Step[] {
  const batch: Step[] = []
  for (const step of steps.slice(from)) {
    const other = batch.length > 0 && (step.host ?? host) !== (batch[0]?.host ?? host)
    if (other || isLarge(step) || !isScript(step)) break
    batch.push(step)
  }
  return batch
}

const isLarge = (step: Step): boolean =>
  step.do === 'write_file' && bytesOf(step.content).length > INLINE_LIMIT
const isScript = (step: Step): boolean =>
  ![
    'run',
    'wait',
    'sql',
    'copy_accounts',
    'check_connectivity',
    'catch_up',
    'parallel',
    'make_authority',
    'issue_certificate',
  ].includes(step.do)

async function performScripts(
  steps: readonly Step[],
  host: string,
  performance: Performance,
): Promise<readonly Outcome[]> {
  const {
    hosts,
    as,
    progress: { begun },
  } = performance
  for (const step of steps) note(step, host, performance)
  const transport = await hosts.live(host).transport()
  const mark = `@done ${randomBytes(8).toString('hex')}`
  // `set -e` has no force left of `||`: the exit code is looked at afterwards.
  const script = steps
    .map((step) => `(\n${stepScript(step) ?? ''}\n)\nc=$?; [ $c = 0 ] || exit $c; echo; echo '${mark}'`)
    .join('\n')
  const { code, stdout, stderr } = await transport.script(script, as).catch((error: unknown) => {
    // How far it came is not known: nothing that was read before counts, and all of it is undone.
    for (const step of steps) hosts.performed(host, step)
    begun.push(...steps.map((step) => ({ step, host })))
    throw error
  })
  const parts = stdout.toString().split(`\n${mark}\n`)
  const count = parts.length - 1
  for (const step of steps.slice(0, count + 1)) hosts.performed(host, step)
  begun.push(...steps.slice(0, count).map((step) => ({ step, host })))
  const failed = steps[count]
  if (failed?.undo !== undefined) begun.push({ step: failed, host })
  if (code !== 0 || failed !== undefined) {
    throw new SignetError(
      'task-failed',
      `${describe(failed ?? steps[0])} failed: ${lastLines(stderr) || `exit code ${code}`}`,
      { host },
    )
  }
  return steps.map((_, index) => {
    const backup = /^backup (.*)$/m.exec(parts[index] ?? '')?.[1]
    return backup === undefined ? {} : { backup }
  })
}

function note(step: Step, host: string, { hosts, quiet }: Performance): void {
  if (step.note !== undefined && !quiet) hosts.live(host).options.onNote?.(host, step.note)
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-8).join('\n')

async function performOne(step: Step, host: string, performance: Performance): Promise<Outcome> {
  const { hosts, as, generated, progress } = performance
  const live = hosts.live(host)
  note(step, host, performance)
  const own: Begun = { step, host }
  try {
    // What fails half way has to be undone as well; the branches of a parallel step count for themselves.
    if (step.do !== 'parallel') progress.begun.push(own)
    if (step.pointOfNoReturn === 'begin') commit(progress)
    const outcome = await outcomeOf(step, host, performance)
    if (step.pointOfNoReturn === 'end') commit(progress)
    // It has tidied up behind itself.
    if (step.do === 'check_connectivity') progress.begun.splice(progress.begun.indexOf(own), 1)
    return outcome
  } catch (error) {
    // What may have been carried out counts as if it was: to take it back could lose what came after it.
    if (step.pointOfNoReturn === 'end' && isInDoubt(error)) commit(progress)
    // What was waited for and did not come leaves nothing.
    own.refused = isRefused(error) || step.do === 'wait'
    if (error instanceof SignetError && step.note !== undefined && !error.message.startsWith(step.note)) {
      throw new SignetError(error.code, `${step.note}: ${error.message}`, {
        host: error.host ?? host,
        hint: error.hint,
        place: error.place,
        cause: error,
      })
    }
    throw error
  } finally {
    hosts.performed(host, step)
  }

  async function outcomeOf(one: Step, on: string, all: Performance): Promise<Outcome> {
    switch (one.do) {
      case 'run': {
        const transport = await live.transport()
        const command = await transport.run(one, as, (stream, text) => {
          if (!performance.quiet) live.options.onOutput?.(on, stream, text)
        })
        const { how } = command
        if (how.end === 'lost')
          throw new SignetError(
            'connection-lost',
            `The connection was lost while ${one.note ?? 'the command'} ran; whether it completed is not known.`,
            { host: on },
          )
        if (one.check === true && !(how.end === 'exited' && how.code === 0)) {
          throw new SignetError(
            'task-failed',
            `${describe(one)} failed: ${lastLines(command.stderr) || lastLines(command.stdout) || how.end}`,
            { host: on },
          )
        }
        return { command }
      }
      case 'wait':
        return {
          waited: await waitUntil(
            one,
            on,
            live.options.signal,
            () => {
              hosts.forget(on, [one.question.ask])
              return hosts.reader(on, as).ask(one.question)
            },
            (text) => {
              if (!performance.quiet) live.options.onNote?.(on, text)
            },
          ),
        }
      case 'sql':
        return live
          .pool(as)
          .perform(one, generated, (text) =>
            live.options.onStalled?.(on, one.note === undefined ? text : `${one.note}: ${text}`),
          )
      case 'copy_accounts':
        await copyAccounts(one, hosts.live(one.from).pool(as), live.pool(as), generated)
        return {}
      case 'check_connectivity':
        await checkConnectivity(one, on, live.pool(as), hosts.live(one.to).pool(as), generated)
        return {}
      case 'catch_up':
        await catchUp(
          one,
          live.pool(as),
          one.from === undefined ? undefined : hosts.live(one.from).pool(as),
          generated,
          live.options.signal,
        )
        return {}
      case 'parallel': {
        const results = await Promise.allSettled(one.branches.map((branch) => performAll(branch, on, all)))
        const failures = results.flatMap((result) =>
          result.status === 'rejected' ? [result.reason as unknown] : [],
        )
        if (failures.length > 0) throw failures[0]
        return {}
      }
      case 'make_authority':
      case 'issue_certificate':
        await performCertificate(one, filesOf(on, all), live.options.now())
        return {}
      default: {
        const transport = await live.transport()
        const uploaded =
          one.do === 'write_file' ? await transport.upload(bytesOf(one.content), as) : undefined
        const { code, stdout, stderr } = await transport.script(stepScript(one, uploaded) ?? '', as)
        if (code !== 0)
          throw new SignetError(
            'task-failed',
            `${describe(one)} failed: ${lastLines(stderr) || `exit code ${code}`}`,
            { host: on },
          )
        const backup = /^backup (.*)$/m.exec(stdout.toString())?.[1]
        return backup === undefined ? {} : { backup }
      }
    }
  }
}

function filesOf(host: string, performance: Performance) {
  const { hosts, as } = performance
  return {
    read: async (path: string): Promise<Buffer> => {
      const file = await hosts.reader(host, as).ask({ ask: 'file', path, read: 'content', follow: true })
      if (file.kind !== 'file' || !Buffer.isBuffer(file.content))
        throw new SignetError('task-failed', `There is no file ${path}.`, { host })
      return file.content
    },
    write: async (step: Step): Promise<void> => {
      await performAll([step], host, { ...performance, progress: begin() })
    },
  }
}

/** A step in a few words, for errors. */
export function describe(step: Step | undefined): string {
  if (step === undefined) return 'The step'
  if (step.note !== undefined) return step.note
  switch (step.do) {
    case 'write_file':
      return `Writing ${step.path}`
    case 'make_directory':
      return `Making the directory ${step.path}`
    case 'set_attributes':
      return `Setting owner and mode of ${step.path}`
    case 'make_link':
      return `Linking ${step.path}`
    case 'touch':
      return `Touching ${step.path}`
    case 'remove':
      return `Removing ${step.path}`
    case 'service':
      return `systemctl ${step.action} ${step.name}`
    case 'daemon_reload':
      return 'systemctl daemon-reload'
    case 'packages':
      return `${step.action} of ${step.names.join(' ')}`
    case 'user':
    case 'group':
      return `${step.action} ${step.do} ${step.name}`
    case 'run':
      return 'The command'
    case 'wait':
      return 'The wait'
    case 'sql':
    case 'copy_accounts':
      return 'The SQL'
    case 'check_connectivity':
      return 'The connectivity check'
    case 'catch_up':
      return 'Waiting for transactions'
    case 'parallel':
      return 'The steps'
    case 'make_authority':
    case 'issue_certificate':
      return `Making ${step.certificatePath}`
  }
}
