/** Why servers do not answer, by inventory name. */
export type Silence = ReadonlyMap<string, string>

/** Why a member could not be read: what was found out under its host's name, or what is sure in any case. */
export function silenceOf(address: string, silent: Silence | undefined): string {
  const host = address.replace(/:\d+$/, '').toLowerCase()
  const reason = [...(silent ?? [])].find(([name]) =>
    [host, host.split('.')[0]].includes(name.toLowerCase()),
  )?.[1]
  return reason === undefined
    ? 'not among the servers that were read, or it does not answer'
    : `it does not answer: ${reason}`
}
