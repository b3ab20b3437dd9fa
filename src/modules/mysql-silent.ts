import { Unknown } from '../value/unknown.js'
import type { Plan } from './module.js'

/** Nothing can be done with a server that does not answer. Check mode can't know: an earlier task may start it. */
export function silentServer(state: { readonly kind: 'refused' | 'down'; readonly message: string }): Plan {
  const failure = `The MySQL server ${state.kind === 'refused' ? 'refuses the login' : 'does not answer'}: ${state.message}.`
  return {
    steps: [],
    diff: [],
    failure,
    ...(state.kind === 'refused' ? {} : { unknown: new Unknown(failure) }),
  }
}
