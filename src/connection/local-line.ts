import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import type { Duplex } from 'node:stream'
import type { Channel, ChannelEnd, Line } from './channel.js'

/** The controller itself as a host. */
export function localLine(): Line {
  return {
    user: userInfo().username,
    connectTime: 0,
    open: (command) => Promise.resolve(start(command)),
    forward: (target) =>
      new Promise<Duplex>((resolve, reject) => {
        const socket = 'path' in target ? connect(target.path) : connect(target.port, target.address)
        socket.once('connect', () => {
          socket.setNoDelay(true)
          resolve(socket)
        })
        socket.once('error', reject)
      }),
    isLost: () => false,
    close: () => Promise.resolve(),
  }
}

function start(command: string): Channel {
  const child = spawn('/bin/sh', ['-c', command], { stdio: 'pipe', detached: true })
  // A command that ends without reading its input must not end the program.
  child.stdin.on('error', () => undefined)
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: new Promise((resolve) => {
      child.on('error', () => resolve({ code: 127 }))
      child.on('close', (code, signal) => resolve(endOfChild(code, signal)))
    }),
    exited: new Promise((resolve) => {
      child.on('error', () => resolve({ code: 127 }))
      child.on('exit', (code, signal) => resolve(endOfChild(code, signal)))
    }),
    kill: () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    },
  }
}

function endOfChild(code: number | null, signal: NodeJS.Signals | null): ChannelEnd {
  return signal === null ? { code: code ?? 255 } : { signal }
}
