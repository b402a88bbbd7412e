import type { EventEmitter } from 'node:events'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type HandedOnOptions, type KeyOptions, WRITTEN_BEFORE } from '../../client/call-options.ts'
import { chunks } from '../../client/chunks/chunks.ts'
import type { ChunkOptions } from '../../client/chunks/options.ts'
import type { Memcache } from '../../client/memcache.ts'
import type { MetaClient } from '../../client/meta/client.ts'
import { OBSERVERS, type ObservedOptions } from '../../client/options.ts'
import { ignore } from '../../ignore.ts'
import { extraFieldsOf, HeaderField, Mailbox, type SharedMemory, WorkerState } from './channel.ts'
import type { MessageReader } from './message-reader.ts'
import { CallMode, type ClientKind, Message, OPTIONS_AT, Request } from './protocol.ts'
import { memoizeDistribution } from './router-memo.ts'
import type { CreateSocketHost, SocketHost } from './socket-host.ts'
import { WorkerReferences } from './worker-references.ts'

/** Time for which the worker waits for the next request before it returns to its event loop, in milliseconds. */
const PARK_MS = 2

/** Interval at which the worker shows that it is at work, in milliseconds. */
const TICK_MS = 25

/** Data that a worker is started with. */
export interface WorkerSetup {
  readonly memory: SharedMemory
  readonly requests: MessagePort
  readonly messages: MessagePort
  readonly kind: ClientKind
  /** Memory for the reason of a failed start: its length in bytes, as an Int32, and the text after it. */
  readonly failure: SharedArrayBuffer
}

type Client = Memcache | MetaClient

/** Constructors of the clients. */
export type Clients = Readonly<Record<ClientKind, new (servers: never, options: never) => Client>>

/** Options of a client as they cross from its caller: with the options of parts instead of parts. */
type CrossedOptions = Omit<ObservedOptions, 'chunks'> & { readonly chunks?: ChunkOptions }

interface Callback {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** Running call. */
interface Call {
  readonly id: number
  /** Number of functions of the caller's that the call waits for. */
  outstanding: number
  /** Whether the call was given functions that it may call. */
  mayCallBack: boolean
  /** Called when the call waits for no function any more. */
  onQuiet: () => void
}

/** The worker's side: makes the client, runs the caller's calls, calls the caller's functions. */
export class WorkerSession {
  readonly #clients: Clients
  readonly #kind: ClientKind
  readonly #header: Int32Array
  readonly #requests: Mailbox
  readonly #messages: Mailbox
  readonly #host: SocketHost
  readonly #references: WorkerReferences
  #taken = 0
  /** Requests that came while the worker waited for a response of the caller. */
  readonly #early: MessageReader[] = []
  /** Messages that wait until the caller listens. */
  readonly #queue: (() => void)[] = []
  #callerListens = false
  readonly #calls: Call[] = []
  readonly #callbacks: Map<number, Callback> = new Map()
  #lastCallback = 0
  #events: [string, unknown][] = []
  #ticking: NodeJS.Timeout | undefined
  /** Whether the caller's next call is likely to go the direct way. */
  #wantsSockets = false

  constructor(clients: Clients, createHost: CreateSocketHost) {
    const { memory, requests, messages, kind } = workerData as WorkerSetup
    this.#clients = clients
    this.#kind = kind
    this.#header = new Int32Array(memory.header)
    this.#requests = new Mailbox(
      this.#header,
      memory.requests,
      requests,
      HeaderField.request,
      HeaderField.requestLength,
    )
    this.#messages = new Mailbox(
      this.#header,
      memory.messages,
      messages,
      HeaderField.message,
      HeaderField.messageLength,
    )
    this.#host = createHost(extraFieldsOf(this.#header))
    this.#references = new WorkerReferences({
      callNow: (reference, method, args) => this.#callNow(reference, method, args),
      callLater: (reference, args) => this.#callLater(reference, args),
      onLaterFunction: () => {
        for (const call of this.#calls) call.mayCallBack = true
      },
    })
    parentPort!.on('message', () => this.#takeAll())
    process.on('exit', () => this.#end())
  }

  /** Starts to listen. */
  start(): void {
    this.#setState(WorkerState.looping)
    Atomics.notify(this.#header, HeaderField.state)
    this.#takeAll()
  }

  #end(): void {
    this.#host.close()
    this.#setState(WorkerState.ended)
    Atomics.notify(this.#header, HeaderField.state)
    Atomics.notify(this.#header, HeaderField.message)
  }

  #setState(state: number): void {
    Atomics.store(this.#header, HeaderField.state, state)
  }

  /** Handles the received requests. */
  #takeAll(): void {
    while (this.#early.length > 0) this.#handle(this.#early.shift()!)
    if (this.#requests.count !== this.#taken) this.#handle(this.#take())
  }

  #take(): MessageReader {
    this.#taken = this.#requests.count
    this.#callerListens = true
    return this.#references.reader(this.#requests.receive())
  }

  #handle(reader: MessageReader): void {
    const type = reader.byte()
    if (type === Request.response) return this.#onResponse(reader)
    void this.#run(reader, type === Request.create)
  }

  async #run(reader: MessageReader, creates: boolean): Promise<void> {
    const call: Call = { id: reader.uint32(), outstanding: 0, mayCallBack: false, onQuiet: ignore }
    this.#calls.push(call)
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS)
    let isGood = true
    let result: unknown
    try {
      result = creates ? this.#create(reader) : await this.#invoke(reader)
    } catch (error) {
      isGood = false
      result = error
    }
    // Work after the result that needs the caller is part of the call: the caller does not listen afterwards.
    if (call.mayCallBack) await untilQuiet(call)
    this.#calls.splice(this.#calls.indexOf(call), 1)
    this.#send(() => this.#reply(call, isGood, result))
    if (this.#calls.length === 0) setImmediate(() => this.#park())
  }

  /** Counts a tick. The timer outlives the call by one beat: a timer for each call would cost as much as the call. */
  #tick(): void {
    Atomics.add(this.#header, HeaderField.tick, 1)
    if (this.#calls.length > 0) return
    clearInterval(this.#ticking)
    this.#ticking = undefined
  }

  #create(reader: MessageReader): undefined {
    const [servers, options] = reader.value() as unknown[]
    const { chunks: parts, ...own } = (memoizeDistribution(options) ?? {}) as CrossedOptions
    const given: ObservedOptions = {
      ...own,
      ...(parts && { chunks: chunks(parts) }),
      [OBSERVERS]: this.#host.observers,
    }
    const client = new this.#clients[this.#kind](servers as never, given as never)
    // Events have no listeners here; the caller has the listeners.
    const emitter: Pick<EventEmitter, 'emit'> = client
    emitter.emit = (name, event) => {
      this.#tell(String(name), event)
      return true
    }
    this.#references.objects.keepClient(client)
    this.#host.watch(client)
    return undefined
  }

  async #invoke(reader: MessageReader): Promise<unknown> {
    const { objects, storedSerde } = this.#references
    const target = objects.get(reader.uint32())
    const name = reader.text()
    const mode = reader.byte()
    this.#wantsSockets = reader.byte() === 1
    const wasWritten = reader.byte() === 1
    const ended = this.#host.settle()
    if (ended !== undefined) await ended
    for (const id of reader.value() as number[]) objects.release(id)
    const args = reader.value() as unknown[]
    if (mode === CallMode.get) return target[name]
    if (wasWritten) args[OPTIONS_AT[name]!] = withNote(args[OPTIONS_AT[name]!])
    if (mode === CallMode.listen) return this.#listen(target, args[0] as string)
    if (mode === CallMode.stored) args[1] = { ...(args[1] as object | undefined), serde: storedSerde }
    return (target[name] as (...args: unknown[]) => unknown)(...args)
  }

  /** Subscribes to an event that costs something: the client emits it only with a listener. */
  #listen(client: unknown, name: string): undefined {
    const emitter = client as EventEmitter
    if (emitter.listenerCount(name) === 0) emitter.on(name, () => undefined)
    return undefined
  }

  #tell(name: string, event: unknown): void {
    this.#events.push([name, event])
    if (this.#calls.length === 0) queueMicrotask(() => this.#postEvents())
  }

  /** Sends events while no call runs. */
  #postEvents(): void {
    if (this.#events.length === 0 || this.#calls.length > 0) return
    const events = this.#events
    this.#events = []
    parentPort!.postMessage(Uint8Array.from(this.#references.late(events)))
  }

  #reply({ id }: Call, isGood: boolean, result: unknown): void {
    const { writer } = this.#references
    const events = this.#events
    this.#events = []
    writer.start()
    writer.byte(Message.reply)
    writer.uint32(id)
    writer.byte(isGood ? 1 : 0)
    writer.value(result)
    writer.value(events)
    this.#messages.send(writer.finish())
  }

  /** Sends as soon as the caller listens. */
  #send(write: () => void): void {
    this.#queue.push(write)
    this.#flush()
  }

  #flush(): void {
    if (!this.#callerListens || this.#queue.length === 0) return
    this.#callerListens = false
    // After this reply the caller stops listening: everything it must find comes before.
    if (this.#calls.length === 0) this.#host.note()
    if (this.#calls.length === 0 && this.#wantsSockets) this.#host.openIfIdle()
    this.#queue.shift()!()
  }

  /** Waits for the next request outside the event loop: that halves the way. */
  #park(): void {
    if (this.#calls.length > 0 || this.#host.isOpen) return
    this.#setState(WorkerState.parked)
    const came = this.#requests.wait(this.#taken, PARK_MS)
    this.#setState(WorkerState.looping)
    // A request may have come between the end of the wait and the change of state.
    if (came || this.#requests.count !== this.#taken) this.#takeAll()
  }

  #onResponse(reader: MessageReader): void {
    const id = reader.uint32()
    const isGood = reader.byte() === 1
    const value = reader.value()
    const { resolve, reject } = this.#callbacks.get(id)!
    this.#callbacks.delete(id)
    if (isGood) resolve(value)
    else reject(value)
    this.#flush()
  }

  #writeCallback(id: number, mode: number, reference: number, method: string, args: readonly unknown[]): void {
    const { writer } = this.#references
    writer.start()
    writer.byte(Message.callback)
    writer.uint32(id)
    writer.byte(mode)
    writer.value(reference)
    writer.text(method)
    writer.value(args)
    this.#messages.send(writer.finish())
  }

  /** Calls a function of the caller's while the event loop goes on: it may use the client. */
  #callLater(reference: number, args: readonly unknown[]): Promise<unknown> {
    const call = this.#calls.at(-1)
    if (call === undefined)
      return Promise.reject(new Error(`nobody waits for the client's work, so it cannot call back`))
    const id = ++this.#lastCallback
    call.outstanding++
    return new Promise((resolve, reject) => {
      this.#callbacks.set(id, {
        resolve: (value) => {
          settleCallback(call)
          resolve(value)
        },
        reject: (reason) => {
          settleCallback(call)
          reject(reason)
        },
      })
      this.#send(() => this.#writeCallback(id, 0, reference, '', args))
    })
  }

  /** Calls a function of the caller's and waits for it. */
  #callNow(reference: number, method: string, args: readonly unknown[]): unknown {
    if (this.#calls.length === 0) throw new Error(`nobody waits for the client's work, so it cannot call back`)
    while (!this.#callerListens) this.#takeEarly()
    const id = ++this.#lastCallback
    this.#callerListens = false
    this.#writeCallback(id, 1, reference, method, args)
    // The caller answers this first: nothing else is sent to it meanwhile.
    const reader = this.#takeBlocked()
    reader.byte()
    reader.uint32()
    const isGood = reader.byte() === 1
    const value = reader.value()
    if (isGood) return value
    throw value
  }

  #takeEarly(): void {
    this.#early.push(this.#takeBlocked())
    setImmediate(() => this.#takeAll())
  }

  #takeBlocked(): MessageReader {
    this.#setState(WorkerState.parked)
    while (!this.#requests.wait(this.#taken, 1000));
    this.#setState(WorkerState.looping)
    return this.#take()
  }
}

/** Returns the options of a call whose command was written before. */
function withNote(options: unknown): HandedOnOptions {
  return { ...(options as KeyOptions | undefined), [WRITTEN_BEFORE]: true }
}

function settleCallback(call: Call): void {
  call.outstanding--
  if (call.outstanding === 0) call.onQuiet()
}

/** Waits for the functions called by the call, and a turn longer: their results are being stored. */
async function untilQuiet(call: Call): Promise<void> {
  do {
    if (call.outstanding > 0) {
      await new Promise<void>((resolve) => {
        call.onQuiet = resolve
      })
    }
    await new Promise((resolve) => setImmediate(resolve))
  } while (call.outstanding > 0)
}
