import type { HostReader } from '../host/host.js'
import type { MysqlLogin } from '../mysql/login.js'
import type { Server } from '../mysql/topology.js'
import { extendedOf, extendedQuestions } from '../mysql/views/extended.js'
import type { Detail } from '../mysql/views/member-status.js'

/** Asks servers for what status() shows of them beyond their pictures. @param level 0 to 3, as AdminAPI's `extended` */
export async function readDetail(
  host: HostReader,
  servers: readonly Server[],
  login: MysqlLogin,
  level: number,
): Promise<Detail> {
  const questions = extendedQuestions(login, level)
  const read = await Promise.all(
    servers.map(async ({ host: name }) => {
      const reader = name === host.host ? host : host.peer(name)
      const answers = await Promise.all(questions.map((question) => reader.ask(question)))
      return [name, extendedOf(answers, level)] as const
    }),
  )
  return { level, extended: new Map(read) }
}
