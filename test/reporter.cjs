// Mocha's spec reporter, which also appends its counts, and what failed, as one JSON line to the file that
// SIGNET_TEST_COUNTS names, so that several runs can be added up.
const fs = require('node:fs')
const { Spec } = require('mocha').reporters

module.exports = class CountingSpec extends Spec {
  epilogue() {
    super.epilogue()
    const file = process.env.SIGNET_TEST_COUNTS
    if (!file) return
    const { passes, failures, pending } = this.stats
    const what = this.failures.map(
      (test) => `${test.fullTitle()}\n${test.err?.stack ?? test.err?.message ?? ''}`,
    )
    fs.appendFileSync(
      file,
      JSON.stringify({ passed: passes, failed: failures, skipped: pending, what }) + '\n',
    )
  }
}
