import { DeadAddresses } from './dead-addresses.ts'
import { UnknownCommands } from './unknown-commands.ts'

/** Facts about a server kept from one connection to the next; none for longer than a minute. */
export interface ServerMemory {
  /** Time on the monotonic clock from which reads may share lines again: the server refused such a line. */
  shareLinesFrom: number
  /** Commands that the server does not know. */
  readonly unknownCommands: UnknownCommands
  /** Addresses of the server's name that gave no connection. */
  readonly deadAddresses: DeadAddresses
}

/** Returns the memory of a server that was never asked. */
export function createServerMemory(): ServerMemory {
  return { shareLinesFrom: 0, unknownCommands: new UnknownCommands(), deadAddresses: new DeadAddresses() }
}
