/**
 * Whether a task with these tags runs: `always` runs unless skipped by name, `never` only when one of its other
 * tags (or never) is asked for; `all`, `tagged` and `untagged` as in Ansible.
 */
export function isSelected(
  tags: readonly string[],
  wanted: readonly string[],
  skipped: readonly string[],
): boolean {
  const own = tags.length === 0 ? ['untagged'] : tags
  const named = (list: readonly string[]): boolean => own.some((tag) => list.includes(tag))
  const tagged = tags.length > 0
  const never = own.includes('never')
  const asked = wanted.length === 0 ? ['all'] : wanted
  const runs =
    own.includes('always') ||
    (asked.includes('all') && !never) ||
    named(asked) ||
    (asked.includes('tagged') && tagged && !never)
  if (!runs) return false
  if (skipped.includes('all')) return own.includes('always') && !skipped.includes('always')
  return !named(skipped) && !(skipped.includes('tagged') && tagged)
}
