#!/usr/bin/env node
import('../dist/main.js').then((signet) => signet.main(process.argv.slice(2)))
