import { SignetError, SignetErrors, type ErrorCode } from '../errors.js'
import type { Place } from '../source/place.js'

/** Collects all mistakes of a playbook, so that the user sees them at once. */
export class Problems {
  readonly #errors: SignetError[] = []

  add(code: ErrorCode, message: string, place: Place | undefined, hint?: string): void {
    this.addError(new SignetError(code, message, { place, hint }))
  }

  /** Adds an expected error, once; what is not expected is thrown on. @param place for an error that has none */
  addError(error: unknown, place?: Place): void {
    if (error instanceof SignetErrors) for (const each of error.errors) this.addError(each, place)
    else if (error instanceof SignetError) {
      const placed =
        error.place !== undefined || place === undefined
          ? error
          : new SignetError(error.code, error.message, { place, hint: error.hint, cause: error })
      const same = this.#errors.some(
        (known) => known.message === placed.message && samePlace(known.place, placed.place),
      )
      if (!same) this.#errors.push(placed)
    } else throw error
  }

  /** How many have been found so far. */
  get count(): number {
    return this.#errors.length
  }

  /** @throws SignetErrors if there are any: by file as they were come upon, then by line and column */
  throwIfAny(): void {
    if (this.#errors.length === 0) return
    const files = [...new Set(this.#errors.map((error) => error.place?.file))]
    const order = (error: SignetError): readonly [number, number, number] => [
      files.indexOf(error.place?.file),
      error.place?.line ?? 0,
      error.place?.column ?? 0,
    ]
    throw new SignetErrors(
      [...this.#errors].sort((a, b) => {
        const [left, right] = [order(a), order(b)]
        return left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
      }),
    )
  }
}

function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  return a?.file === b?.file && a?.line === b?.line && a?.column === b?.column
}
