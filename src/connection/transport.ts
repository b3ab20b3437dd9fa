import type { Duplex } from 'node:stream'
import type { CommandResult, RunCommand } from '../host/step.js'

/** As whom something is done on a host: undefined is the login user. */
export interface BecomeUser {
  readonly user: string
  readonly method: 'sudo' | 'su'
}

/** What travelled between the controller and one host: the deterministic measure of speed. */
export interface Traffic {
  /** Scripts sent down a shell or channels opened and waited for: each costs at least one round trip. */
  readonly roundTrips: number
  readonly bytesSent: number
  readonly bytesReceived: number
  /** SQL statements sent. */
  readonly statements: number
  /** Seconds. */
  readonly connectTime: number
}

/**
 * One open way to one host: ssh or local. Shells are kept open, one for each become user; scripts given to the
 * same shell run one after another.
 */
export interface Transport {
  /** Runs a POSIX shell script in the long-lived shell of a user and returns what it wrote. */
  script(text: string, as: BecomeUser | undefined): Promise<{ code: number; stdout: Buffer; stderr: string }>
  /** Runs one command of the user's, with a time limit, its own process group and streamed output. */
  run(
    command: RunCommand,
    as: BecomeUser | undefined,
    onOutput?: (stream: 'stdout' | 'stderr', text: string) => void,
  ): Promise<CommandResult>
  /** Writes bytes to a file that the script then moves into place; see transfer.ts. */
  upload(content: Buffer, as: BecomeUser | undefined): Promise<string>
  /** A stream to a unix socket or TCP port of the host, opened as that user. */
  stream(
    target: { readonly path: string } | { readonly address: string; readonly port: number },
    as: BecomeUser | undefined,
  ): Promise<Duplex>
  /** Whether the connection broke, by a reboot for example: a new one is needed. */
  isLost(): boolean
  readonly traffic: Traffic
  close(): Promise<void>
}
