/**
 * Ansible's file mode as the modules see it: a number of permission bits, or the symbolic text (`u=rw,g+r`,
 * `preserve`). A text of octal digits is octal; a YAML number was octal already (0644 is 420).
 */
export function parseMode(value: number | string): number | string {
  if (typeof value === 'number') return value
  return /^0?[0-7]{3,4}$/.test(value) ? parseInt(value, 8) : value
}

/** `0644`, as people write it. */
export function showMode(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

const BITS: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 }

/** Applies a mode (chmod(1) symbols too) to the bits a file has; X means x for directories and executables. */
export function applyMode(mode: number | string, current: number, isDirectory: boolean): number {
  if (typeof mode === 'number') return mode
  let bits = current
  for (const clause of mode.split(',')) {
    const match = /^([ugoa]*)([-+=])([rwxXstugo]*)$/.exec(clause)
    if (match === null) continue
    const who = match[1] === '' || match[1]?.includes('a') ? 'ugo' : (match[1] ?? '')
    for (const user of who)
      bits = applyClause(bits, user, match[2] ?? '+', match[3] ?? '', current, isDirectory)
  }
  return bits
}

function applyClause(
  bits: number,
  user: string,
  sign: string,
  permissions: string,
  current: number,
  isDirectory: boolean,
): number {
  const shift = user === 'u' ? 6 : user === 'g' ? 3 : 0
  let wanted = 0
  let special = 0
  for (const letter of permissions) {
    if (letter === 'X') wanted |= isDirectory || (current & 0o111) !== 0 ? 1 : 0
    else if (letter === 's') special |= user === 'u' ? 0o4000 : user === 'g' ? 0o2000 : 0
    else if (letter === 't') special |= 0o1000
    else if ('ugo'.includes(letter)) wanted |= (current >> (letter === 'u' ? 6 : letter === 'g' ? 3 : 0)) & 7
    else wanted |= BITS[letter] ?? 0
  }
  const mask = (wanted << shift) | special
  if (sign === '+') return bits | mask
  if (sign === '-') return bits & ~mask
  return (bits & ~(7 << shift)) | mask
}
