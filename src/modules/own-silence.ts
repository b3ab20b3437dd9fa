import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import { NotYet } from '../host/not-yet.js'
import type { ServiceState } from '../host/question.js'

/** Units that run MySQL servers, as packages name them. */
const UNITS = ['mysql', 'mysqld']
/** Seconds that a server may take to go down or come up: one that was cloned has much to read. */
const PATIENCE = 900
/** Units on the way: one that ends to be started again stops first. */
const ON_THE_WAY: Readonly<Record<string, string>> = { activating: 'starting', deactivating: 'stopping' }

/**
 * Why a task can't look at its own server. One whose unit is just being restarted, as after a clone or a crash, will answer:
 * a run waits for it.
 */
export async function ownSilence(
  host: HostReader,
  answer: { readonly kind: 'refused' | 'down'; readonly message: string } | undefined,
): Promise<SignetError> {
  const message = answer?.message ?? ''
  if (answer?.kind === 'refused')
    return new SignetError('mysql-unreachable', `The MySQL server refuses the login: ${message}.`, {
      host: host.host,
    })
  for (const name of UNITS) {
    const { active } = await host.ask({ ask: 'service', name })
    if (active in ON_THE_WAY) return restarting(host.host, name, active)
  }
  return new SignetError('mysql-unreachable', `The MySQL server does not answer: ${message}.`, {
    host: host.host,
  })
}

function restarting(host: string, name: string, active: string): NotYet {
  return new NotYet(
    `The MySQL server of ${host} is ${ON_THE_WAY[active] ?? active} (its unit ${name} is ${active}).`,
    host,
    {
      do: 'wait',
      host,
      question: { ask: 'service', name },
      timeout: PATIENCE,
      interval: 0.5,
      byThemselves: true,
      until: (answer) => !((answer as ServiceState).active in ON_THE_WAY),
      otherwise: `The MySQL server of ${host} does not come up: its unit ${name} is still on the way; see systemctl status ${name} and its error log.`,
      note: `wait until the MySQL server of ${host} is restarted`,
    },
  )
}
