import type { Duplex, Readable, Writable } from 'node:stream'

/** `code` and `signal` undefined: the connection broke. */
export interface ChannelEnd {
  readonly code?: number
  readonly signal?: string
}

/** A running command of a host: its three streams and its end. */
export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves once the command ended and its output was read. `code` and `signal` undefined: the connection broke. */
  readonly ended: Promise<ChannelEnd>
  /**
   * Resolves as soon as the command itself ended. Its output may still be on its way, and a process that it left
   * behind may hold the streams open for ever.
   */
  readonly exited: Promise<ChannelEnd>
  /** Ends the command. */
  kill(): void
}

/** The two things that a way to a host must be able to do; everything else is built on them. */
export interface Line {
  /** Starts a command through the login shell of the login user. @throws SignetError connection-lost */
  open(command: string): Promise<Channel>
  /** Opens a stream to a unix socket or port of the host as the login user. */
  forward(
    target: { readonly path: string } | { readonly address: string; readonly port: number },
  ): Promise<Duplex>
  /** Name of the login user. */
  readonly user: string
  close(): Promise<void>
  /** Whether the connection broke: then nothing can be done with it any more. */
  isLost(): boolean
  /** Seconds that it took to log in. */
  readonly connectTime: number
}

/** Lets the output of a channel flow once its listeners are there; becoming a user had stopped it. */
export function resume(channel: Channel): void {
  channel.stdout.resume()
  channel.stderr.resume()
}

/** The end of a command whose output was read, waiting for what a process left behind holds open only so long. */
export function endOf(channel: Channel, milliseconds: number): Promise<ChannelEnd> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const done = (end: ChannelEnd): void => {
      clearTimeout(timer)
      resolve(end)
    }
    channel.ended.then(done, reject)
    channel.exited.then((end) => {
      timer = setTimeout(() => done(end), milliseconds)
    }, reject)
  })
}
