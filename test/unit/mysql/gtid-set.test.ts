import assert from 'node:assert/strict'
import { countOf, gtidText, isWithin, minus, parseGtidSet, union } from '../../../src/mysql/gtid-set.js'

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
const B = '4e11fa47-71ca-11e1-9e33-c80aa9429562'
const text = (of: string): string => gtidText(parseGtidSet(of))

describe('sets of global transaction ids', () => {
  it('are read as the server writes them', () => {
    assert.equal(text(''), '')
    assert.equal(text(`${A}:1-5:7`), `${A}:1-5:7`)
    assert.equal(text(`${A}:1-5,\n${B.toUpperCase()}:3`), `${A}:1-5, ${B}:3`)
    assert.equal(text(`${A}:7:1-5:6`), `${A}:1-7`)
    assert.equal(text(`${A}:1-2:backup:1-3:8`), `${A}:1-2, ${A}:backup:1-3:8`)
  })

  it('are compared', () => {
    const within = (a: string, b: string): boolean => isWithin(parseGtidSet(a), parseGtidSet(b))
    assert.ok(within('', `${A}:1`))
    assert.ok(within(`${A}:2-3`, `${A}:1-5`))
    assert.ok(!within(`${A}:2-6`, `${A}:1-5`))
    assert.ok(!within(`${A}:tag:1`, `${A}:1-5`))
    assert.ok(!within(`${B}:1`, `${A}:1-5`))
  })

  it('are added, subtracted and counted', () => {
    const [a, b] = [parseGtidSet(`${A}:1-10`), parseGtidSet(`${A}:3-4:8,${B}:1`)]
    assert.equal(gtidText(minus(a, b)), `${A}:1-2:5-7:9-10`)
    assert.equal(gtidText(minus(b, a)), `${B}:1`)
    assert.equal(gtidText(union(a, b)), `${A}:1-10, ${B}:1`)
    assert.equal(countOf(union(a, b)), 11)
  })
})
