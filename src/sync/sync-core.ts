import type { Buffer } from 'node:buffer'
import type { EventEmitter } from 'node:events'
import { isCallOptions } from '../client/option-names.ts'
import { type MemcacheOptions, type ResolvedClientOptions, resolveClientOptions } from '../client/options.ts'
import { closedError, InvalidInputError } from '../errors.ts'
import { isServerSource } from '../seam/server-source.ts'
import type { ServerAddress } from '../server-address.ts'
import { throwLater } from '../throw-later.ts'
import { withLists } from './crossing/batch-lists.ts'
import { inDoubt } from './crossing/error-form.ts'
import { CallMode, type ClientKind, type NumberRange, OPTIONS_AT, Request, type Shape } from './crossing/protocol.ts'
import type { Remote } from './crossing/remote-object.ts'
import { RemoteObjects } from './crossing/remote-objects.ts'
import { withStoredForms } from './crossing/stored-forms.ts'
import { type LinkOwner, WorkerLink } from './crossing/worker-link.ts'
import type { Handover } from './lane/handover.ts'
import { Lane } from './lane/lane.ts'
import { LaneReads } from './lane/reads.ts'
import type { ServerRoutes } from './lane/server-routes.ts'
import { LaneWay } from './lane/way.ts'
import { LANE_WRITES, LaneWrites } from './lane/writes.ts'
import { checkRuntime } from './runtime.ts'

/** Reads whose values may be decoded after the call: asking again does no harm. */
const REPEATABLE_READS: ReadonlySet<string> = new Set(['get', 'gets', 'getMany', 'getsMany'])

/** Commands that the lane carries. */
const LANE_COMMANDS: ReadonlySet<string> = new Set(['get', 'getMany', ...LANE_WRITES])

/** Room on the lane for servers that are added. */
const SPARE_SOCKETS = 8

/** Commands that change which servers there are: a fresh worker must hear of them too. */
const MEMBERSHIP: ReadonlySet<string> = new Set(['addServer', 'removeServer'])

/** A value that cannot be read: the call is made again, and then the client says what is wrong. */
class Undecodable extends Error {}

/** What a synchronous client is made of. */
export interface CoreInit {
  readonly kind: ClientKind
  readonly servers: unknown
  readonly options: MemcacheOptions
  /** Hears the client's events. */
  readonly emitter: EventEmitter
  /** Where the keys are; without it there is no lane. */
  readonly routes?: ServerRoutes
  /** Whether there may be a lane. */
  readonly direct: boolean
}

/** A server that came or went. */
interface Change {
  readonly name: string
  readonly args: readonly unknown[]
  readonly server: string
}

/** The hot commands. */
interface LaneParts {
  readonly way: LaneWay
  readonly reads: LaneReads
  /** Undefined: writes are left to the worker. */
  readonly writes: LaneWrites | undefined
}

/** The caller's side of a synchronous client: a worker, another one when that has died, and every call to it. */
export class SyncCore implements LinkOwner {
  readonly #init: CoreInit
  readonly #resolved: ResolvedClientOptions
  readonly #remotes: RemoteObjects
  #link: WorkerLink | undefined
  /** The hot commands, while there is a lane. */
  lane: LaneParts | undefined
  #isClosed = false
  /** The last call through the worker was one for the lane. */
  #mayUseLane = true
  readonly #listens: Set<string> = new Set()
  /** What became of the servers since the client was made. */
  readonly #changes: Change[] = []

  constructor(init: CoreInit) {
    this.#init = init
    this.#resolved = resolveClientOptions(init.options)
    this.#remotes = new RemoteObjects({
      call: (target, name, args) => this.call(target, name, args),
      read: (target, name) => this.read(target, name),
    })
    const { emitter } = init
    emitter.on('newListener', (name: string) => this.#listen(name))
  }

  /** Calls a method of the client, or of something that came from it. */
  call(target: Remote | undefined, name: string, given: readonly unknown[]): unknown {
    const args = withLists(name, given)
    if (target === undefined && MEMBERSHIP.has(name)) return this.#changeServers(name, args)
    if (target !== undefined || !REPEATABLE_READS.has(name)) return this.#request(target, name, args, CallMode.method)
    return this.#read(name, args, false)
  }

  /** Goes on with a command that the lane has begun. */
  goOn(name: string, args: readonly unknown[], handover: Handover): unknown {
    const rest = handover.argumentsOf(args, OPTIONS_AT[name]!, this.#resolved.connection.timeoutMs)
    const { wasWritten } = handover
    if (REPEATABLE_READS.has(name)) return this.#read(name, rest, wasWritten)
    return this.#request(undefined, name, rest, CallMode.method, wasWritten)
  }

  #read(name: string, args: readonly unknown[], wasWritten: boolean): unknown {
    const options = args[1] as { readonly serde?: unknown } | undefined
    // What is no object of options is left for the command to refuse.
    const isOurs = 'deserializeRange' in this.#resolved.serde && isCallOptions(options)
    if (!isOurs || options?.serde !== undefined || this.#init.kind !== 'Memcache') {
      return this.#request(undefined, name, args, CallMode.method, wasWritten)
    }
    try {
      return this.#request(undefined, name, args, CallMode.stored, wasWritten)
    } catch (error) {
      if (error instanceof Undecodable) return this.#request(undefined, name, args, CallMode.method, true)
      throw error
    }
  }

  #changeServers(name: string, args: readonly unknown[]): unknown {
    const result = this.#request(undefined, name, args, CallMode.method)
    this.#noteChange(name, args)
    return result
  }

  #noteChange(name: string, args: readonly unknown[]): void {
    const { routes } = this.#init
    if (routes === undefined) return
    const before = routes.names
    routes.change(name, args)
    const server = name === 'removeServer' ? (args[0] as string) : routes.names.find((one) => !before.includes(one))!
    const added = this.#changes.findLastIndex((change) => change.server === server && change.name === 'addServer')
    // What came and went is none.
    if (name === 'removeServer' && added !== -1) this.#changes.splice(added, 1)
    else this.#changes.push({ name, args, server })
  }

  /** Reads a property. */
  read(target: Remote | undefined, name: string): unknown {
    return this.#request(target, name, [], CallMode.get)
  }

  /** @param wasWritten - The command may have been carried out already. */
  #request(
    target: Remote | undefined,
    name: string,
    args: readonly unknown[],
    mode: number,
    wasWritten: boolean = false,
  ): unknown {
    try {
      return this.#ask(target, name, args, mode, wasWritten)
    } catch (error) {
      // Also where no worker could be started.
      throw wasWritten ? inDoubt(name, error) : error
    }
  }

  #ask(target: Remote | undefined, name: string, args: readonly unknown[], mode: number, wasWritten: boolean): unknown {
    const link = this.#openLink()
    link.checkFree(name)
    const id = target === undefined ? 0 : this.#remotes.idOf(target, link)
    const hasValues = target === undefined && mode === CallMode.method
    const given = hasValues ? link.block(() => withStoredForms(name, args, this.#resolved.serde)) : args
    this.lane?.way.lane.leave()
    // One that came by the lane's entrance is seldom alone; among others the worker had better wait for the next call.
    const isForLane = target === undefined && LANE_COMMANDS.has(name)
    const wantsLane = this.#mayUseLane && isForLane
    this.#mayUseLane = isForLane
    const { references } = link
    const numbers: NumberRange[] = []
    // A function of the caller's may make another call in the middle of this one.
    const outer = this.#remotes.origin
    this.#remotes.origin = { parent: target, name, args, isGetter: mode === CallMode.get }
    let isHeld = false
    try {
      const result = link.request(Request.call, name, this.#patience(args), numbers, () => {
        references.writer.uint32(id)
        references.writer.text(name)
        references.writer.byte(mode)
        references.writer.byte(wantsLane ? 1 : 0)
        references.writer.byte(wasWritten ? 1 : 0)
        references.writer.data(this.#remotes.takeReleased(link))
        references.values(given)
      })
      this.lane?.way.lane.refresh()
      isHeld = this.#remotes.hold(target, result, numbers)
      return result
    } finally {
      this.#remotes.origin = outer
      if (!isHeld) for (const range of numbers) references.release(range)
    }
  }

  /** How long the call may take, as far as the caller knows. */
  #patience(args: readonly unknown[]): number {
    const own = timeoutOf(args.at(-1))
    return typeof own === 'number' ? own : this.#resolved.connection.timeoutMs
  }

  /** The worker, or a fresh one. */
  #openLink(): WorkerLink {
    if (this.#isClosed) throw closedError()
    if (this.#link?.isUsable === true) return this.#link
    this.#link?.end()
    this.#closeLane()
    const { kind, servers, options } = this.#init
    const link = new WorkerLink({
      kind,
      keepProcessAlive: this.#resolved.connection.keepProcessAlive,
      laneSockets: this.#laneSockets(),
      owner: this,
    })
    // Known before it has started: a start that is interrupted must not leave it behind.
    this.#link = link
    const { serde } = this.#resolved
    const names = Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'keepProcessAlive'))
    link.start([servers, { ...names, serde }])
    for (const name of this.#listens) this.#subscribe(name)
    for (const { name, args } of this.#changes) this.#request(undefined, name, args, CallMode.method)
    this.#openLane(link)
    return link
  }

  #laneSockets(): number {
    const { routes, direct } = this.#init
    return routes === undefined || !direct ? 0 : routes.names.length + SPARE_SOCKETS
  }

  #openLane(link: WorkerLink): void {
    if (this.#laneSockets() === 0) return
    const { connection, connectionsPerServer, failures } = this.#resolved
    const { options, routes } = this.#init
    const isPlain = failures === 'throw' && connectionsPerServer === 1 && connection.idleTimeoutMs === 0
    if (!isPlain || routes === undefined || options.fallback !== undefined || options.retry !== undefined) return
    const way = new LaneWay({
      lane: new Lane(link.header, connection.validateAfterIdleMs),
      options: this.#resolved,
      routes,
      guard: link,
      tell: (name, event) => this.tell([[name, event]]),
    })
    // Only the worker tells of writes that fail.
    const writes = this.#listens.has('writeFailed') ? undefined : new LaneWrites(way)
    this.lane = { way, reads: new LaneReads(way), writes }
  }

  #closeLane(): void {
    this.lane?.way.lane.leave()
    this.lane = undefined
  }

  /** Events that cost something are asked for when somebody listens. */
  #listen(name: string): void {
    if (name !== 'writeFailed' || this.#listens.has(name)) return
    this.#listens.add(name)
    if (this.lane !== undefined) this.lane = { ...this.lane, writes: undefined }
    if (this.#link?.isUsable === true) this.#subscribe(name)
  }

  #subscribe(name: string): void {
    this.#request(undefined, 'on', [name], CallMode.listen)
  }

  /** Finishes, and lets the worker end. Further calls throw `ClosedError`. */
  close(): void {
    try {
      if (this.#link?.isUsable === true && !this.#isClosed) this.call(undefined, 'close', [])
    } finally {
      this.destroy()
    }
  }

  /** Ends the worker at once. */
  destroy(): void {
    this.#isClosed = true
    this.#closeLane()
    this.#link?.end()
    this.#link = undefined
  }

  remote(id: number, shape: Shape, link: WorkerLink): unknown {
    return this.#remotes.find(id, shape, link)
  }

  decode(data: Buffer, clientFlags: number): unknown {
    try {
      return this.#resolved.serde.deserialize(data, clientFlags, '')
    } catch {
      throw new Undecodable()
    }
  }

  tell(events: readonly (readonly [name: string, event: unknown])[]): void {
    for (const [name, event] of events) {
      try {
        this.#init.emitter.emit(name, event)
      } catch (error) {
        throwLater(error)
      }
    }
  }
}

/** The time that options name. They may be no options, but a value, whose getters and proxies may throw. */
function timeoutOf(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return undefined
  try {
    return (options as { readonly timeoutMs?: unknown }).timeoutMs
  } catch {
    return undefined
  }
}

/** Refuses what no synchronous client can have, before anything is made: `InvalidInputError`. */
export function checkSynchronous(servers: unknown, options: MemcacheOptions): void {
  checkRuntime()
  if (isServerSource(servers)) {
    throw new InvalidInputError(
      'a synchronous client takes no source of servers: it would be read by the thread that is blocked; give a list',
    )
  }
  if (typeof options !== 'object' || options === null) return
  for (const { tls } of [options, ...withOptions(allServers(servers, options))]) refuseUncrossable(tls)
  for (const name of ['connect', 'middleware'] as const) {
    if (options[name] === undefined) continue
    throw new InvalidInputError(
      `option ${name} cannot be used with a synchronous client: its sockets live in another thread, where functions of this one do not reach`,
    )
  }
}

/** Functions and contexts stay in this thread: without them the certificate would be judged by other rules. */
function refuseUncrossable(tls: MemcacheOptions['tls']): void {
  if (typeof tls !== 'object' || tls === null) return
  for (const name of ['secureContext', 'checkServerIdentity'] as const) {
    if (tls[name] === undefined) continue
    throw new InvalidInputError(
      `option tls.${name} cannot be used with a synchronous client: it does not cross to the thread that has the sockets; give ca, cert, key and servername`,
    )
  }
}

/** The servers themselves, those of the gutter, and those of older clusters. */
function allServers(servers: unknown, { cluster, fallback }: MemcacheOptions): readonly unknown[] {
  const older: readonly unknown[] = Array.isArray(fallback) ? fallback : []
  return [servers, cluster?.gutter, ...older].flat()
}

/** The servers that have options of their own. */
function withOptions(list: readonly unknown[]): readonly ServerAddress[] {
  return list.filter((server): server is ServerAddress => typeof server === 'object' && server !== null)
}
