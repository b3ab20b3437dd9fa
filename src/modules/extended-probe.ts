import type { HostReader } from '../host/host.js'
import type { MysqlLogin } from '../mysql/login.js'
import { extendedOf, extendedQuestions, NO_EXTENDED, type Extended } from '../mysql/views/extended.js'
import type { Detail } from '../mysql/views/member-status.js'
import { inTime, isOfOneHost, type StatusView } from './status-probe.js'

/**
 * Asks servers for what status() shows of them beyond their pictures. One that went away meanwhile is shown without.
 * @param level 0 to 3, as AdminAPI's `extended`
 */
export async function readDetail(
  host: HostReader,
  { topology: { servers }, reasons }: StatusView,
  login: MysqlLogin,
  level: number,
): Promise<Detail> {
  const questions = extendedQuestions(login, level)
  const read = async (name: string): Promise<Extended> => {
    const reader = name === host.host ? host : host.peer(name)
    try {
      const answers = await inTime(Promise.all(questions.map((question) => reader.ask(question))))
      return answers === undefined ? NO_EXTENDED : extendedOf(answers, level)
    } catch (error) {
      if (!isOfOneHost(error)) throw error
      return NO_EXTENDED
    }
  }
  const all = await Promise.all(servers.map(async ({ host: name }) => [name, await read(name)] as const))
  return { level, extended: new Map(all), silent: reasons }
}
