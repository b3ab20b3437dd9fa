import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createMetadataSchema, metadataVersion } from '../../src/mysql/metadata/schema.js'
import { quote, shell, startLab, stopLab, testLab, tryShell } from './servers.js'

const LAB = testLab('metadata')
const facts = (name: string): Promise<string> =>
  readFile(new URL(`facts/${name}`, import.meta.url), 'utf8').then((text) => text.trim())

/**
 * metadata-2.4.0.tsv is what information_schema says of the schema that MySQL Shell 9.6 makes (all tables, columns,
 * keys, foreign keys, views, parameters of procedures); metadata-calls.tsv is what its procedures answer to
 * metadata-calls.sql.
 */
describe('the metadata schema', () => {
  before(async () => {
    await startLab(LAB, 1)
  })
  after(() => stopLab(LAB))

  const run = (text: string): Promise<string> => shell(LAB, 's1', `printf %s ${quote(text)} | mysql -N -B`)
  const make = (version: string): Promise<string> =>
    run(`DELIMITER //\n${createMetadataSchema(version).join('//\n')}//\n`)
  const shape = async (): Promise<readonly string[]> =>
    (await run(await facts('metadata-shape.sql'))).split('\n')
  const without = (lines: readonly string[], ...tables: readonly string[]): readonly string[] =>
    lines.filter((line) => !tables.includes(line.split('\t')[1] ?? ''))

  it('has the shape of the one that MySQL Shell makes, in each of its versions', async () => {
    const expected = (await facts('metadata-2.4.0.tsv')).split('\n')
    assert.ok(expected.length > 200)
    await make('9.7.0')
    assert.deepEqual(await shape(), expected)
    assert.equal(await run('SELECT * FROM mysql_innodb_cluster_metadata.schema_version'), '2\t4\t0')
    await make('9.3.0')
    assert.deepEqual(await shape(), without(expected, 'router_stats'))
    assert.equal(await run('SELECT * FROM mysql_innodb_cluster_metadata.schema_version'), '2\t3\t0')
    await make('8.4.6')
    assert.deepEqual(await shape(), without(expected, 'router_stats', 'routing_guidelines'))
    assert.equal(await run('SELECT * FROM mysql_innodb_cluster_metadata.schema_version'), '2\t2\t0')
  })

  it('is the version that the Shell of the server series writes', () => {
    const versions = ['8.0.33', '8.4.8', '9.1.0', '9.2.0', '9.5.0', '9.6.0', '9.7.4', '10.0.0']
    assert.deepEqual(versions.map(metadataVersion), [
      ...['2.2.0', '2.2.0', '2.2.0'],
      ...['2.3.0', '2.3.0', '2.4.0', '2.4.0', '2.4.0'],
    ])
  })

  it('has procedures and views that answer as those of MySQL Shell do', async () => {
    await make('9.7.0')
    assert.equal(await run(await facts('metadata-calls.sql')), await facts('metadata-calls.tsv'))
    const refused = await tryShell(
      LAB,
      's1',
      `mysql -e ${quote("CALL mysql_innodb_cluster_metadata.v2_set_cluster_routing_option('h3::c', 'c2', 'ro', '1')")}`,
    )
    assert.match(refused.text, /1644 \(45000\).*No router 'h3::c' is registered in this Cluster/)
  })
})
