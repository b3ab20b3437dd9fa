/** A place in a file. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `file:line:column`, as editors and terminals link it. */
export function showPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`
}
