#!/usr/bin/env node
// CommonJS (bin/package.json says so): that starts sooner than a module of ECMAScript.
const { load } = require('./load-bundle.cjs')

if (process.env.SIGNET_DEBUG) process.setSourceMapsEnabled(true)
load('main.cjs').main(process.argv.slice(2))
