import type { Check } from './evidence.js'

/** How often one looks again. */
const LOOKS = 8

/**
 * Looks, and looks again as long as there is a problem that may be over in a moment: members that have just joined are
 * still connecting to each other.
 * @param pause what goes before each further look
 */
export async function lookAgain<T extends { readonly checks: readonly Check[] }>(
  look: () => Promise<T>,
  pause: () => Promise<unknown>,
): Promise<T> {
  let seen = await look()
  for (let again = 1; again <= LOOKS && seen.checks.some(({ passing }) => passing === true); again++) {
    await pause()
    seen = await look()
  }
  return seen
}
