import { EventEmitter } from 'node:events'

/** What the caller sends. */
export const Request = {
  /** Makes the client: servers and options. */
  create: 0,
  call: 1,
  /** The result of a function of the caller's. */
  response: 2,
} as const

/** What the worker sends. */
export const Message = {
  /** The result of a call, and the events since the last one. */
  reply: 1,
  /** A function of the caller's is to be called. */
  callback: 2,
} as const

/** Commands that may have been written before they come to the worker, and the position of the options of each. */
export const OPTIONS_AT: Readonly<Record<string, number>> = {
  get: 1,
  gets: 1,
  getMany: 1,
  getsMany: 1,
  set: 2,
  add: 2,
  replace: 2,
  append: 2,
  prepend: 2,
  cas: 3,
  delete: 1,
  incr: 2,
  decr: 2,
}

/** How the target of a call is meant. */
export const CallMode = {
  method: 0,
  get: 1,
  /** A read whose values are decoded by the caller afterwards. */
  stored: 2,
  /** Subscribes to an event. */
  listen: 3,
} as const

/** Numbers that the caller's objects have: those above `from`, up to `to`. */
export type NumberRange = readonly [from: number, to: number]

/** The kinds of clients. */
export type ClientKind = 'Memcache' | 'MetaClient'

/** What a remote object can do, told with the first of its kind. */
export interface Shape {
  readonly methods: readonly string[]
  readonly getters: readonly string[]
}

/** What a class adds to its objects: names of methods and getters, inherited ones too. */
export function shapeOf(prototype: object): Shape {
  const methods: string[] = []
  const getters: string[] = []
  for (let at: object | null = prototype; at !== null && !FOREIGN.has(at); at = Object.getPrototypeOf(at)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name === 'constructor') continue
      if (typeof property.value === 'function') methods.push(name)
      else if ('get' in property && property.get !== undefined) getters.push(name)
    }
  }
  return { methods, getters }
}

const FOREIGN: ReadonlySet<object> = new Set<object>([Object.prototype, EventEmitter.prototype])
