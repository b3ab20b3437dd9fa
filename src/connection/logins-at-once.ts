/** sshd begins to drop connections when more than MaxStartups (10 by default) have not logged in yet. */
const AT_ONCE = 8

const running = new Map<string, number>()
const waiting = new Map<string, (() => void)[]>()

/** Does something that logs in to an address, no more than eight at a time for each. */
export async function loginInTurn<T>(address: string, action: () => Promise<T>): Promise<T> {
  const count = running.get(address) ?? 0
  if (count < AT_ONCE) running.set(address, count + 1)
  // Whoever ends hands the turn over, so the count stays.
  else await new Promise<void>((resolve) => waiting.set(address, [...(waiting.get(address) ?? []), resolve]))
  try {
    return await action()
  } finally {
    const [next, ...others] = waiting.get(address) ?? []
    waiting.set(address, others)
    if (next === undefined) running.set(address, (running.get(address) ?? 1) - 1)
    else next()
  }
}
