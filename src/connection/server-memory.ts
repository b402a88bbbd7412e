import { DeadAddresses } from './dead-addresses.ts'
import { UnknownCommands } from './unknown-commands.ts'

/** What is remembered of a server from one connection to the next; nothing for longer than a minute. */
export interface ServerMemory {
  /** When reads may share lines again, on the monotonic clock: it refused such a line. */
  shareLinesFrom: number
  /** Commands that it does not know. */
  readonly unknownCommands: UnknownCommands
  /** Addresses of its name that gave no connection. */
  readonly deadAddresses: DeadAddresses
}

/** Returns what is known of a server that was never asked. */
export function createServerMemory(): ServerMemory {
  return { shareLinesFrom: 0, unknownCommands: new UnknownCommands(), deadAddresses: new DeadAddresses() }
}
