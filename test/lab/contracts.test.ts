import assert from 'node:assert/strict'
import { identity, type Hosts } from '../../src/host/hosts.js'
import { Overlay } from '../../src/host/overlay.js'
import type { Outcome } from '../../src/host/step.js'
import { readArguments } from '../../src/modules/arguments.js'
import { MODULES } from '../../src/modules/index.js'
import type { Contract, Module, Plan } from '../../src/modules/module.js'
import type { Arguments, ArgumentsSchema } from '../../src/modules/schema.js'
import { Unknown } from '../../src/value/unknown.js'
import { contractContext, diskState, labHosts, runLines, sqlState, watchedReader } from './contract-host.js'
import { startLab, stopLab, testLab } from './servers.js'
import { isClusterModule } from './cluster-modules.js'
import { MARK, WRITING_QUESTIONS } from './refused-questions.js'

const LAB = testLab('contracts')
const HOST = 's1'

interface Looked {
  readonly args: Arguments<ArgumentsSchema>
  readonly state: unknown
  readonly plan: Plan
  readonly values: Readonly<Record<string, unknown>>
}

describe('contracts that hold for every module, on a real host', () => {
  let hosts: Hosts
  /** Prepares the host and looks at it, over a connection of its own. */
  let observer: Hosts
  before(async () => {
    await startLab(LAB, 1)
    hosts = labHosts(LAB)
    observer = labHosts(LAB)
  })
  after(async () => {
    await hosts.close()
    await observer.close()
    await stopLab(LAB)
  })

  /** Probe and plan as check mode makes them, with a reader that notes how it is used. */
  async function check(module: Module, contract: Contract): Promise<Looked> {
    const args = readArguments(module, contract.args, undefined)
    const used = new Set<string>()
    const controller = new Overlay().reader(hosts.reader('localhost'))
    const context = await contractContext(controller, contract.files ?? {}, [HOST])
    hosts.forget(HOST)
    const state = await module.probe(watchedReader(hosts, HOST, used), args, context)
    for (const name of used)
      assert.ok(['ask', 'peer', 'host', 'then'].includes(name), `the probe uses "${name}" of its reader`)
    const plan = module.plan(args, state)
    return { args, state, plan, values: module.result?.(args, state, plan, undefined) ?? {} }
  }

  async function run(
    module: Module,
    { args, state, plan }: Looked,
  ): Promise<Readonly<Record<string, unknown>>> {
    const outcomes: readonly Outcome[] =
      plan.steps.length === 0 ? [] : await hosts.writer(HOST).perform(plan.steps)
    const failed = module.failure?.(args, state, outcomes)
    assert.equal(failed, undefined)
    return module.result?.(args, state, plan, outcomes) ?? {}
  }

  for (const module of MODULES) {
    if (isClusterModule(module.name)) continue
    it(`${module.name}: has a contract`, () =>
      assert.ok((module.contract ?? []).length > 0, 'give the module a contract'))
    ;(module.contract ?? []).forEach((contract, index) =>
      it(`${module.name}: contract ${index + 1}: ${JSON.stringify(contract.args).slice(0, 100)}`, async () => {
        const isSql = module.name.startsWith('mysql_')
        const look = async (): Promise<string> =>
          (await diskState(observer, LAB, HOST)) + (isSql ? await sqlState(observer, HOST) : '')
        if (contract.before !== undefined) await runLines(observer, HOST, contract.before)
        try {
          const before = await look()
          const checked = await check(module, contract)
          assert.equal(await look(), before, 'check mode changed something')
          const again = await check(module, contract)
          assert.deepEqual(
            again.plan.steps.map(({ do: what }) => what),
            checked.plan.steps.map(({ do: what }) => what),
            'two looks at the same host plan the same',
          )
          const values = await run(module, checked)
          assert.deepEqual(
            Object.keys(values).sort(),
            Object.keys(checked.values).sort(),
            'keys of check and run',
          )
          if (Object.keys(values).length > 0)
            assert.deepEqual(
              Object.keys(module.returns).filter((key) => !(key in values)),
              [],
              'documented keys',
            )
          for (const [key, value] of Object.entries(checked.values)) {
            if (value instanceof Unknown) continue
            assert.equal(typeof value, typeof values[key], `type of ${key} in check and run`)
          }
          if (
            checked.plan.everyTime === true ||
            (module.effect === 'any' && contract.args['creates'] === undefined)
          )
            return
          const after = await check(module, contract)
          assert.deepEqual(
            after.plan.steps.map((step) => identity(step as never)),
            [],
            'the same probe still finds something to do',
          )
          assert.deepEqual(
            Object.keys(after.values).sort(),
            Object.keys(values).sort(),
            'keys when nothing is to do',
          )
        } finally {
          if (contract.after !== undefined) await runLines(observer, HOST, contract.after)
        }
      }),
    )
  }

  it('no question writes, whatever a probe puts into it', async () => {
    await runLines(
      observer,
      HOST,
      `mysql --delimiter=% -e "DROP DATABASE IF EXISTS contract% CREATE DATABASE contract% CREATE TABLE contract.t (a INT)% CREATE FUNCTION contract.write_something() RETURNS INT DETERMINISTIC BEGIN INSERT INTO contract.t VALUES (1); RETURN 1; END% CREATE PROCEDURE contract.write_anything() INSERT INTO contract.t VALUES (2)%"`,
    )
    const reader = new Overlay().reader(hosts.reader(HOST))
    const look = async (): Promise<string> =>
      (await diskState(observer, LAB, HOST)) + (await sqlState(observer, HOST))
    const before = await look()
    for (const question of WRITING_QUESTIONS) {
      const answer: unknown = await reader.ask(question as never).catch((error: unknown) => error)
      const rows = (answer as { kind?: string } | undefined)?.kind === 'rows'
      if (question['ask'] === 'mysql_rows') assert.equal(rows, false, `answered: ${JSON.stringify(question)}`)
    }
    assert.equal(await runLines(observer, HOST, `ls -d ${MARK} /var/lib/mysql-files/* 2>/dev/null; true`), '')
    assert.equal(await runLines(observer, HOST, 'mysql -N -e "SELECT COUNT(*) FROM contract.t"'), '0')
    assert.equal(await look(), before)
    await runLines(observer, HOST, 'mysql -e "DROP DATABASE contract"')
  })

  it('from the reader of check mode nothing that writes can be reached', () => {
    const seen = new Set<unknown>()
    const visit = (value: unknown, path: string): void => {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value))
        return
      if (value === Object.prototype || value === Function.prototype) return
      seen.add(value)
      for (const key of Reflect.ownKeys(value)) {
        assert.ok(
          !['perform', 'writer', 'script', 'run', 'upload', 'transport', 'pool', 'live'].includes(
            String(key),
          ),
          `${path}.${String(key)}`,
        )
        const property = Object.getOwnPropertyDescriptor(value, key)
        visit(property?.value, `${path}.${String(key)}`)
      }
      visit(Object.getPrototypeOf(value), `${path}.prototype`)
    }
    const reader = new Overlay().reader(hosts.reader(HOST))
    visit(reader, 'reader')
    visit(reader.peer('s1'), 'reader.peer()')
    assert.ok(seen.size > 2)
  })
})
