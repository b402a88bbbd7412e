import type { Buffer } from 'node:buffer'
import type { EventEmitter } from 'node:events'
import { type Calls, createCalls } from '../client/calls/calls.ts'
import { isCallOptions } from '../client/option-names.ts'
import { type MemcacheOptions, type ResolvedClientOptions, resolveClientOptions } from '../client/options.ts'
import { closedError, InvalidInputError } from '../errors.ts'
import { isServerSource } from '../seam/server-source.ts'
import type { ServerAddress } from '../server-address.ts'
import { throwLater } from '../throw-later.ts'
import { withLists } from './bridge/batch-lists.ts'
import { inDoubt } from './bridge/error-form.ts'
import { CallMode, type ClientKind, type NumberRange, OPTIONS_AT, Request, type Shape } from './bridge/protocol.ts'
import type { RemoteHandle } from './bridge/remote-handle.ts'
import { RemoteHandles } from './bridge/remote-handles.ts'
import { withStoredForms } from './bridge/stored-forms.ts'
import { type LinkOwner, WorkerLink } from './bridge/worker-link.ts'
import { DirectContext } from './direct/context.ts'
import type { Handover } from './direct/handover.ts'
import { DirectReads } from './direct/reads.ts'
import type { ServerRoutes } from './direct/server-routes.ts'
import { countFields } from './direct/shared-sockets.ts'
import { DirectSockets } from './direct/sockets.ts'
import { DIRECT_WRITES, DirectWrites } from './direct/writes.ts'
import { checkRuntime } from './runtime.ts'
import { type CallPlace, traceCall } from './trace-call.ts'

/** Reads whose values may be decoded after the call: a second read does no harm. */
const REPEATABLE_READS: ReadonlySet<string> = new Set(['get', 'gets', 'getMany', 'getsMany'])

/** Commands that may go the direct way. */
const DIRECT_COMMANDS: ReadonlySet<string> = new Set(['get', 'getMany', ...DIRECT_WRITES])

/** Number of sockets reserved for added servers. */
const SPARE_SOCKETS = 8

/** Commands that change the servers: they are repeated in a fresh worker. */
const MEMBERSHIP: ReadonlySet<string> = new Set(['addServer', 'removeServer'])

/** Thrown for a value that cannot be read: the call is made again, and the client then reports the fault. */
class Undecodable extends Error {}

/** Parts of a synchronous client. */
export interface CoreInit {
  readonly kind: ClientKind
  readonly servers: unknown
  readonly options: MemcacheOptions
  /** Emits the client's events. */
  readonly emitter: EventEmitter
  /** Servers of keys; without them there is no direct way. */
  readonly routes?: ServerRoutes
  /** Whether commands may go the direct way. */
  readonly direct: boolean
}

/** Server that was added or removed. */
interface Change {
  readonly name: string
  readonly args: readonly unknown[]
  readonly server: string
}

/** Hot commands on the direct way. */
interface DirectParts {
  readonly sockets: DirectSockets
  readonly reads: DirectReads
  /** Writes; undefined: writes are left to the worker. */
  readonly writes: DirectWrites | undefined
}

/** The caller's side of a synchronous client: a worker, its replacement after a death, and every call to it. */
export class SyncCore implements LinkOwner {
  readonly #init: CoreInit
  readonly #resolved: ResolvedClientOptions
  readonly #remotes: RemoteHandles
  /** Counts the commands on the direct way; the worker counts all others. */
  readonly calls: Calls
  /** The client itself as the place of calls. */
  readonly place: CallPlace
  #link: WorkerLink | undefined
  /** Hot commands on the direct way, while there is one. */
  direct: DirectParts | undefined
  #isClosed = false
  /** Whether the last call through the worker was one that may go the direct way. */
  #mayGoDirect = true
  readonly #listens: Set<string> = new Set()
  /** Servers added and removed since the client was made. */
  readonly #changes: Change[] = []

  constructor(init: CoreInit) {
    this.#init = init
    this.#resolved = resolveClientOptions(init.options)
    this.calls = createCalls(this.#resolved.metrics, () => [])
    this.place = { clientId: this.calls.clientId }
    this.#remotes = new RemoteHandles({
      call: (target, name, args) => this.#callRemote(target, name, args),
      read: (target, name) => this.read(target, name),
    })
    const { emitter } = init
    emitter.on('newListener', (name: string) => this.#listen(name))
  }

  /** Calls a method of an object that came from the client, and publishes it on the channels. */
  #callRemote(target: RemoteHandle | undefined, name: string, args: readonly unknown[]): unknown {
    const place = target && this.#remotes.placeOf(target)
    if (place === undefined) return this.call(target, name, args)
    return traceCall({ ...this.place, ...place }, name, args, (told) => this.call(target, name, told))
  }

  /** Calls a method of the client, or of an object that came from it. */
  call(target: RemoteHandle | undefined, name: string, given: readonly unknown[]): unknown {
    const args = withLists(name, given)
    if (target === undefined && MEMBERSHIP.has(name)) return this.#changeServers(name, args)
    if (target !== undefined || !REPEATABLE_READS.has(name)) return this.#request(target, name, args, CallMode.method)
    return this.#read(name, args, false)
  }

  /** Continues a command of the direct way through the worker. */
  goOn(name: string, args: readonly unknown[], handover: Handover): unknown {
    const rest = handover.argumentsOf(args, OPTIONS_AT[name]!, this.#resolved.connection.timeoutMs)
    const { wasWritten } = handover
    if (REPEATABLE_READS.has(name)) return this.#read(name, rest, wasWritten)
    return this.#request(undefined, name, rest, CallMode.method, wasWritten)
  }

  #read(name: string, args: readonly unknown[], wasWritten: boolean): unknown {
    const options = args[1] as { readonly serde?: unknown } | undefined
    // Arguments that are not options are left for the command to refuse.
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
    // A server that was added and removed again is no change.
    if (name === 'removeServer' && added !== -1) this.#changes.splice(added, 1)
    else this.#changes.push({ name, args, server })
  }

  /** Reads a property. */
  read(target: RemoteHandle | undefined, name: string): unknown {
    return this.#request(target, name, [], CallMode.get)
  }

  /** @param wasWritten - Whether the command may have been carried out already. */
  #request(
    target: RemoteHandle | undefined,
    name: string,
    args: readonly unknown[],
    mode: number,
    wasWritten: boolean = false,
  ): unknown {
    try {
      return this.#ask(target, name, args, mode, wasWritten)
    } catch (error) {
      // Also if no worker could be started.
      throw wasWritten ? inDoubt(name, error) : error
    }
  }

  #ask(
    target: RemoteHandle | undefined,
    name: string,
    args: readonly unknown[],
    mode: number,
    wasWritten: boolean,
  ): unknown {
    const link = this.#openLink()
    link.checkFree(name)
    const id = target === undefined ? 0 : this.#remotes.idOf(target, link)
    const hasValues = target === undefined && mode === CallMode.method
    const given = hasValues ? link.block(() => withStoredForms(name, args, this.#resolved.serde)) : args
    this.direct?.sockets.leave()
    // A hot command is seldom alone; among other commands the worker should wait for the next call.
    const isHot = target === undefined && DIRECT_COMMANDS.has(name)
    const wantsSockets = this.#mayGoDirect && isHot
    this.#mayGoDirect = isHot
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
        references.writer.byte(wantsSockets ? 1 : 0)
        references.writer.byte(wasWritten ? 1 : 0)
        references.writer.data(this.#remotes.takeReleased(link))
        references.values(given)
      })
      this.direct?.sockets.refresh()
      isHeld = this.#remotes.hold(target, result, numbers)
      return result
    } finally {
      this.#remotes.origin = outer
      if (!isHeld) for (const range of numbers) references.release(range)
    }
  }

  /** Returns how long the call may take, as far as the caller knows. */
  #patience(args: readonly unknown[]): number {
    const own = timeoutOf(args.at(-1))
    return typeof own === 'number' ? own : this.#resolved.connection.timeoutMs
  }

  /** Returns the worker, or a fresh one. */
  #openLink(): WorkerLink {
    if (this.#isClosed) throw closedError()
    if (this.#link?.isUsable === true) return this.#link
    this.#link?.end()
    this.#closeDirect()
    const { kind, servers, options } = this.#init
    const link = new WorkerLink({
      kind,
      keepProcessAlive: this.#resolved.connection.keepProcessAlive,
      extraFields: countFields(this.#countSockets()),
      owner: this,
    })
    // Set before the start: an interrupted start must not leave the worker behind.
    this.#link = link
    const { serde } = this.#resolved
    const names = Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'keepProcessAlive'))
    const { chunks } = options
    // The worker makes its own part.
    link.start([servers, { ...names, serde, ...(chunks && { chunks: chunks.options }) }])
    for (const name of this.#listens) this.#subscribe(name)
    for (const { name, args } of this.#changes) this.#request(undefined, name, args, CallMode.method)
    this.#openDirect(link)
    return link
  }

  /** Returns the number of sockets that the worker may lend: 0 without a direct way. */
  #countSockets(): number {
    const { options, routes, direct } = this.#init
    const { connection, connectionsPerServer, failures } = this.#resolved
    const isPlain = failures === 'throw' && connectionsPerServer === 1 && connection.idleTimeoutMs === 0
    const isWrapped = options.fallback !== undefined || options.retry !== undefined
    return direct && isPlain && !isWrapped && routes !== undefined ? routes.names.length + SPARE_SOCKETS : 0
  }

  #openDirect(link: WorkerLink): void {
    const { routes } = this.#init
    if (routes === undefined || this.#countSockets() === 0) return
    const sockets = new DirectSockets(link.extraFields, this.#resolved.connection.validateAfterIdleMs)
    const context = new DirectContext({
      sockets,
      options: this.#resolved,
      routes,
      guard: link,
      tell: (name, event) => this.tell([[name, event]]),
    })
    // Only the worker reports failed writes.
    const writes = this.#listens.has('writeFailed') ? undefined : new DirectWrites(context)
    this.direct = { sockets, reads: new DirectReads(context), writes }
  }

  #closeDirect(): void {
    this.direct?.sockets.leave()
    this.direct = undefined
  }

  /** Subscribes in the worker to an event that costs something, once it has a listener. */
  #listen(name: string): void {
    if (name !== 'writeFailed' || this.#listens.has(name)) return
    this.#listens.add(name)
    if (this.direct !== undefined) this.direct = { ...this.direct, writes: undefined }
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
    this.#closeDirect()
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

/** Returns the time set in options. The argument may be a value instead, whose getters and proxies may throw. */
function timeoutOf(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return undefined
  try {
    return (options as { readonly timeoutMs?: unknown }).timeoutMs
  } catch {
    return undefined
  }
}

/** Refuses options that no synchronous client can have, before anything is made: `InvalidInputError`. */
export function checkSynchronous(servers: unknown, options: MemcacheOptions): void {
  checkRuntime()
  if (isServerSource(servers)) {
    throw new InvalidInputError(
      'a synchronous client takes no source of servers: it would be read by the thread that is blocked; give a list',
    )
  }
  if (typeof options !== 'object' || options === null) return
  if (options.shareReads === true) {
    throw new InvalidInputError(
      'option shareReads cannot be used with a synchronous client: it makes one call at a time',
    )
  }
  for (const { tls } of [options, ...withOptions(allServers(servers, options))]) refuseUncrossable(tls)
  if (options.nearCache !== undefined) {
    throw new InvalidInputError(
      'option nearCache cannot be used with a synchronous client: no layer of this thread sees all of its reads and writes; use an asynchronous client, or keep hot values in a Map of your own',
    )
  }
  if (options.zones !== undefined) {
    throw new InvalidInputError(
      'option zones cannot be used with a synchronous client: its thread is blocked while another zone would be asked; use Memcache',
    )
  }
  for (const name of ['connect', 'middleware', 'logger'] as const) {
    if (options[name] === undefined) continue
    throw new InvalidInputError(
      `option ${name} cannot be used with a synchronous client: its sockets live in another thread, where functions of this one do not reach`,
    )
  }
}

/** Refuses functions and contexts, which stay in this thread: without them other rules would judge the certificate. */
function refuseUncrossable(tls: MemcacheOptions['tls']): void {
  if (typeof tls !== 'object' || tls === null) return
  for (const name of ['secureContext', 'checkServerIdentity'] as const) {
    if (tls[name] === undefined) continue
    throw new InvalidInputError(
      `option tls.${name} cannot be used with a synchronous client: it does not cross to the thread that has the sockets; give ca, cert, key and servername`,
    )
  }
}

/** Returns the servers themselves, those of the gutter, and those of older clusters. */
function allServers(servers: unknown, { cluster, fallback }: MemcacheOptions): readonly unknown[] {
  const older: readonly unknown[] = Array.isArray(fallback) ? fallback : []
  return [servers, cluster?.gutter, ...older].flat()
}

/** Returns the servers that have options of their own. */
function withOptions(list: readonly unknown[]): readonly ServerAddress[] {
  return list.filter((server): server is ServerAddress => typeof server === 'object' && server !== null)
}
