import type { Backend } from '../seam/executor.ts'
import { quietWindow } from './batch.ts'
import { BatchCommands } from './batch-commands.ts'
import type { Calls } from './calls/calls.ts'
import { type CommandContext, createCommandContext } from './commands/command.ts'
import type { Dispatcher } from './dispatcher.ts'
import { ATTACH } from './large-values.ts'
import { LeaseCommands } from './lease/commands.ts'
import { GetOrSet } from './lease/get-or-set.ts'
import { GetOrSetMany } from './lease/get-or-set-many.ts'
import type { ResolvedClientOptions } from './options.ts'
import { createEmptyItemProbe, type ProbeEmptyItem, type ReleaseWinToken } from './placeholder.ts'
import { Values } from './values.ts'

/** The parts of a client that carry out commands about keys: for the client, its namespaces and its quiet writes. */
export interface ClientParts extends CommandContext {
  /** Options of the client. */
  readonly options: ResolvedClientOptions
  readonly dispatcher: Dispatcher
  readonly calls: Calls
  readonly probeEmptyItem: ProbeEmptyItem
  readonly batches: BatchCommands
  readonly getOrSet: GetOrSet
  readonly getOrSetMany: GetOrSetMany
}

/** Makes the parts of a client. */
export function createClientParts(
  options: ResolvedClientOptions,
  dispatcher: Dispatcher,
  backend: Backend,
  calls: Calls,
): ClientParts {
  const releaseWinToken: ReleaseWinToken = (operation, cas) => dispatcher.releaseWinToken(operation, cas)
  const probeEmptyItem = createEmptyItemProbe((operation) => dispatcher.dispatch(operation), releaseWinToken)
  const large = options.chunks?.[ATTACH]({
    maxValueBytes: options.connection.maxValueBytes,
    encodeKey: (key) => dispatcher.encodeKey(key),
    dispatch: (operation) => backend.dispatch(operation),
    serverOf: (routingKey) => backend.serverFor(routingKey)?.name,
    report: (error, keys) => dispatcher.report(error, keys),
  })
  dispatcher.large = large
  const values = new Values(options, releaseWinToken, probeEmptyItem, large)
  const leases = new LeaseCommands(dispatcher, values, probeEmptyItem)
  const getOrSet = new GetOrSet(dispatcher, values, leases, calls.loads)
  return {
    ...createCommandContext(values, releaseWinToken, large),
    options,
    dispatcher,
    calls,
    probeEmptyItem,
    batches: new BatchCommands(dispatcher, values, options.connection),
    getOrSet,
    getOrSetMany: new GetOrSetMany(getOrSet, values, leases, calls.loads, quietWindow(options.connection).operations),
  }
}
