#!/usr/bin/env node
// The program is one bundled file: loading 300 small ones would cost every run a fifth of a second.
if (process.env.SIGNET_DEBUG) process.setSourceMapsEnabled(true)
import('../dist/main.js').then((signet) => signet.main(process.argv.slice(2)))
