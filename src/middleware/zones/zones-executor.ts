import { InvalidInputError } from '../../errors.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { DerivedReads } from '../../seam/derived-reads.ts'
import type { ReadBatch } from '../../seam/read-batch.ts'
import { detachAll, dispatchReads } from '../../seam/reads.ts'
import { isServerSource, type ServerSource } from '../../seam/server-source.ts'
import { NEAR_ZONE, type ZoneRoute, type ZoneStatus, type Zones, type ZonesHost } from '../../seam/zones.ts'
import type { ServerSpec } from '../../server-address.ts'
import { showValue } from '../../show-value.ts'
import { isPlaceholder } from '../item-copy.ts'
import { KeyWork } from './key-work.ts'
import { LeaseLook } from './lease-look.ts'
import type { ResolvedZoneOptions } from './options.ts'
import { PrimaryCommand } from './primary-command.ts'
import { PrimaryRead } from './primary-read.ts'
import { WaitingReads } from './waiting-reads.ts'
import { renewalReader } from './win-tokens.ts'
import { Zone } from './zone.ts'
import { zoneError, zoneOperation } from './zone-command.ts'
import type { ZoneContext } from './zone-context.ts'
import { ZoneRead } from './zone-read.ts'
import { ZoneReads } from './zone-reads.ts'
import { ZoneRemoval } from './zone-removal.ts'
import { ZoneWrite } from './zone-write.ts'

/** Makes the zones of a client. */
export function createZones(options: ResolvedZoneOptions, host: ZonesHost): Zones {
  const { local, others, writeOnly } = options
  const { observer } = host
  if (!host.local.isPlain) {
    throw new InvalidInputError(
      'options zones and fallback cannot be combined: name the other cluster as a zone, with writeOnly while it is being filled',
    )
  }
  const near = new Zone({ name: local, isRead: true, isClient: false }, host.local, observer)
  const routes = Object.entries(others).map(([name, zone]) => ({ name, ...routeTo(name, zone, host) }))
  const far = routes.map(
    ({ name, isClient, route }) => new Zone({ name, isRead: !writeOnly.has(name), isClient }, route, observer),
  )
  const all = [near, ...far]
  const context: ZoneContext = {
    all,
    local: near,
    primary: all.find(({ name }) => name === options.primary)!,
    readable: all.filter(({ isRead }) => isRead),
    settle: options.settle,
    readOn: options.readOn,
    repair: options.repair,
    waiting: new WaitingReads(options.zoneTimeoutMs),
    work: new KeyWork(),
    report: (error, operation) => observer.fallbackFailed(error, operation),
    reportQuiet: (error, operation) => observer.unclaimedError(error, [operation]),
  }
  return new ZonesExecutor(
    context,
    routes.map(({ route }) => route),
  )
}

function routeTo(name: string, zone: unknown, host: ZonesHost): { isClient: boolean; route: ZoneRoute } {
  if (Array.isArray(zone) || isServerSource(zone)) {
    return { isClient: false, route: host.open(zone as readonly ServerSpec[] | ServerSource) }
  }
  const { route } = host.executorOf(zone as object) as { readonly route?: ZoneRoute }
  if (route?.isPlain === true) return { isClient: true, route }
  // A layer that repeats writes, or sends them elsewhere, could bring back a value that a later write has replaced.
  throw new InvalidInputError(
    `option zones.others[${showValue(name)}] must be a client without the options retry, fallback, nearCache and zones: give a clone without them`,
  )
}

/** Ways to carry out a command. */
type Kind = 'read' | 'look' | 'renewal' | 'casRead' | 'write' | 'removal' | 'decision' | 'primary' | 'local'

class ZonesExecutor implements Zones {
  readonly #context: ZoneContext
  /** To the other zones. */
  readonly #routes: readonly ZoneRoute[]

  constructor(context: ZoneContext, routes: readonly ZoneRoute[]) {
    this.#context = context
    this.#routes = routes
  }

  get status(): readonly ZoneStatus[] {
    return this.#context.all.map((zone) => zone.status)
  }

  dispatch(operation: Operation): void {
    const context = this.#context
    const { zone } = operation
    if (zone instanceof Zone) return zone.executor.dispatch(operation)
    const kind = kindOf(operation)
    switch (kind) {
      case 'read':
        return new ZoneRead(operation, this.#firstFor(operation), context).start()
      case 'renewal':
        return this.#renew(operation)
      case 'write':
        if (operation.command === 'set') context.work.noteStore(operation.key)
        return new ZoneWrite(operation, context).start()
      case 'removal':
        return new ZoneRemoval(operation, context).start()
      case 'decision':
        return new PrimaryCommand(operation, context).start()
      case 'look':
        return new LeaseLook(operation, context).start()
      case 'casRead':
        return new PrimaryRead(operation, context).start()
      case 'primary':
        return context.primary.executor.dispatch(operation)
      case 'local':
        return context.local.executor.dispatch(operation)
    }
  }

  dispatchReads(batch: ReadBatch): void {
    // Some of the keys may have to be read in the primary zone.
    if (!this.#context.work.isIdle) return detachAll(batch, this)
    if (batch.request.command === 'get') new ZoneReads(batch, this.#context).start()
    else this.#readWithCas(batch)
  }

  #readWithCas(batch: ReadBatch): void {
    const context = this.#context
    const { primary } = context
    primary.reads += batch.keys.length
    const derive = (outer: Operation): Operation => new PrimaryRead(outer, context).derive()
    const passes = (reply: Reply): boolean => !primary.mayOwe && !isPlaceholder(reply)
    const passesMisses = !context.repair || context.readOn === 'error'
    dispatchReads(primary.executor, new DerivedReads(batch, { derive, passes, passesMisses }))
  }

  /** While the primary zone decides about a key, its item there is the one that later commands must see. */
  #firstFor({ key }: Operation): Zone {
    const { local, primary, work } = this.#context
    return work.isDeciding(key) ? primary : local
  }

  /** The local zone reads and renews, the others renew. */
  #renew(operation: Operation): void {
    const { all, local } = this.#context
    const { request } = operation
    if (request.command === 'gat') {
      for (const zone of all) {
        if (zone === local) continue
        const renewal = zoneOperation(
          operation,
          zone,
          { command: 'touch', exptime: request.exptime },
          renewalReader(operation, zone),
        )
        renewal.reject = (reason) => zone.failWrite(operation, zoneError(reason, zone))
        zone.writer.dispatch(renewal)
      }
    }
    new ZoneRead(operation, local, this.#context).start()
  }

  async connect(): Promise<void> {
    await Promise.allSettled(this.#routes.map((route) => route.connect()))
  }

  stop(): void {
    this.#context.waiting.stop()
  }
}

function kindOf({ request, homeOnly, zone }: Operation): Kind {
  if (zone === NEAR_ZONE) return request.command === 'mg' ? 'look' : 'local'
  // The client's bookkeeping is kept in one place. Manifests of chunks are removed by their cas numbers, everywhere.
  if (homeOnly && request.command !== 'md') return 'primary'
  return kindOfRequest(request)
}

function kindOfRequest(request: Request): Kind {
  switch (request.command) {
    case 'get':
      return 'read'
    case 'gat':
      return 'renewal'
    case 'gets':
    case 'gats':
      return 'casRead'
    case 'mg':
      return request.flags.value === true && request.flags.cas === true ? 'casRead' : 'read'
    case 'set':
    case 'touch':
      return 'write'
    case 'delete':
      return 'removal'
    case 'md':
      return kindOfRemoval(request.flags)
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
    case 'ms':
    case 'incr':
    case 'decr':
    case 'ma':
      return 'decision'
    case 'me':
    case 'version':
    case 'noop':
      return 'local'
  }
}

/** A mark by a cas number gives a win token back that a read of the primary zone took. */
function kindOfRemoval({
  invalidate,
  compareCas,
}: {
  invalidate?: boolean | undefined
  compareCas?: bigint | undefined
}): Kind {
  if (compareCas === undefined) return 'removal'
  return invalidate === true ? 'primary' : 'decision'
}
