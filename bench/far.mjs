// Makes hosts of a lab far away: node bench/far.mjs MS SOCKET=NEW… relays from NEW to the unix socket of a host's sshd,
// and every piece takes MS milliseconds in each direction. Runs until it is ended.
import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'

const [delay, ...pairs] = process.argv.slice(2)

/** Hands everything on, late. */
function relay(from, to) {
  from.on('data', (bytes) => setTimeout(() => to.write(bytes), Number(delay)))
  from.on('end', () => setTimeout(() => to.end(), Number(delay)))
  from.on('error', () => to.destroy())
}

for (const pair of pairs) {
  const [near, far] = pair.split('=')
  rmSync(far, { force: true })
  createServer({ allowHalfOpen: true }, (client) => {
    const host = connect({ path: near, allowHalfOpen: true })
    relay(client, host)
    relay(host, client)
  }).listen(far)
}
