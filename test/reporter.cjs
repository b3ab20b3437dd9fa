// Mocha's spec reporter, which also appends its counts as one JSON line to the file SIGNET_TEST_COUNTS names, so
// that several runs can be added up.
const fs = require('node:fs')
const { Spec } = require('mocha').reporters

module.exports = class CountingSpec extends Spec {
  epilogue() {
    super.epilogue()
    const file = process.env.SIGNET_TEST_COUNTS
    if (!file) return
    const { passes, failures, pending } = this.stats
    fs.appendFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending }) + '\n')
  }
}
