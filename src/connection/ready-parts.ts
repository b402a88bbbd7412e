import type { DeadlineSweep } from '../seam/deadline-sweep.ts'
import type { ObservedConnection } from '../seam/observer.ts'
import type { ConnectionTarget } from './connection-target.ts'
import type { Established } from './establish.ts'
import type { Liveness } from './liveness.ts'
import { Pipeline } from './pipeline.ts'
import { Receiver } from './receiver.ts'
import type { Transport } from './transport.ts'
import type { UnsentQueue } from './unsent-queue.ts'
import { Writer } from './writer.ts'

/** Parts of a connection that exist after the handshake. */
export interface ReadyParts {
  readonly transport: Transport
  readonly pipeline: Pipeline
  readonly writer: Writer
  readonly receiver: Receiver
}

/** Parts of a connection that exist from the beginning, as far as other parts use them. */
export interface EarlyParts {
  /** The connection itself, as seen by observers. */
  readonly connection: ObservedConnection
  readonly target: ConnectionTarget
  readonly unsent: UnsentQueue
  readonly liveness: Liveness
  readonly sweep: DeadlineSweep
}

/**
 * Creates the parts for a stream that is ready for commands.
 *
 * @param onProbed - Called when an idle connection has shown that it lives: more may be written.
 */
export function createReadyParts(established: Established, early: EarlyParts, onProbed: () => void): ReadyParts {
  const { transport, protocol, version, doubt, probeKey } = established
  const { server, options, memory, observer } = early.target
  const pipeline = new Pipeline({
    server: server.name,
    protocol,
    version,
    doubt,
    probeKey,
    coalesce: options.coalesceReads,
    maxValueBytes: options.maxValueBytes,
    timeoutMs: options.timeoutMs,
    unknownCommands: memory.unknownCommands,
    onQuietError: observer.unclaimedError,
  })
  const renewAt = doubt?.until ?? Number.POSITIVE_INFINITY
  return {
    transport,
    pipeline,
    writer: new Writer({ ...early, pipeline, transport, renewAt, onProbed }),
    receiver: new Receiver(pipeline, observer.desync),
  }
}
