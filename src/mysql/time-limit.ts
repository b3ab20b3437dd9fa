import { MysqlProblem } from './connect.js'

/** A statement was given up; the server may still be at it. */
export class TooLate extends MysqlProblem {
  constructor() {
    super('down', 'the server did not answer in time', undefined, true)
  }
}

/**
 * Gives a statement up that takes too long; Infinity: never. mysql2 has a limit, too, but that goes on ticking when the
 * connection is lost, and keeps the program from ending until it is over. @throws TooLate
 */
export async function withinSeconds<T>(seconds: number, work: Promise<T>): Promise<T> {
  if (!Number.isFinite(seconds)) return work
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    // What waits for an answer is kept alive by its connection. Of a session that was thrown away with something under
    // way mysql2 tells nothing: then the program must be able to end.
    timer = setTimeout(() => reject(new TooLate()), seconds * 1000).unref()
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
