import { isBase64Key } from '../protocol/key.ts'
import { encodeMetaCommand, LAST_OPAQUE } from '../protocol/meta/encode.ts'
import { unsupportedFeature } from '../protocol/meta/feature.ts'
import type { Operation } from '../protocol/operation.ts'
import { impliedReply } from '../protocol/outcome.ts'
import type { Reply, ReplyType } from '../protocol/reply.ts'
import { keyFits } from '../protocol/reply-key.ts'
import { type Command, classicStore, isMetaRequest, type Request } from '../protocol/request.ts'
import { OPAQUE_ON_MISS_SINCE, type ServerVersion } from '../protocol/server-version.ts'
import type { Wire, WireTarget } from './wire.ts'

/** Meta protocol: every command but `version`, `mn` and `me` carries an opaque, which its reply repeats. */
export class MetaWire implements Wire {
  readonly skipsRefusedBlock: boolean = true
  readonly barrierReply: ReplyType = 'MN'
  readonly #server: string
  readonly #version: ServerVersion
  #opaque = 0

  constructor({ server, version }: WireTarget) {
    this.#server = server
    this.#version = version
  }

  replacementFor(request: Request): Request | undefined {
    const classic = classicStore(request)
    if (classic === undefined || !isMetaRequest(request)) return undefined
    return unsupportedFeature(request, this.#version, false) === undefined ? undefined : classic
  }

  whyNot({ request, key }: Operation): string | undefined {
    if (!isMetaRequest(request)) return undefined
    const missing = unsupportedFeature(request, this.#version, isBase64Key(key))
    return missing === undefined ? undefined : `${missing}, and ${this.#server} is ${this.#version.text}`
  }

  encodeLine(operation: Operation): string {
    const { request, key, quiet } = operation
    // `version`, `mn` and `me` take no flags: their replies are matched by kind.
    if (key !== '' && request.command !== 'me') operation.opaque = this.#nextOpaque()
    return encodeMetaCommand(
      request,
      typeof key === 'string' ? key : key.text,
      isBase64Key(key),
      operation.opaque,
      quiet,
    )
  }

  #nextOpaque(): number {
    this.#opaque = this.#opaque === LAST_OPAQUE ? 1 : this.#opaque + 1
    return this.#opaque
  }

  takeBack(operation: Operation): void {
    if (operation.opaque !== 0) this.#opaque = operation.opaque - 1
    operation.opaque = 0
  }

  fits(reply: Reply, operation: Operation): boolean {
    if (operation.opaque === 0) return reply.opaque === -1
    if (reply.opaque === operation.opaque) return keyFits(reply, operation.key)
    return reply.type === 'EN' && reply.opaque === -1 && this.#version.order < OPAQUE_ON_MISS_SINCE
  }

  isSignOfLife(): boolean {
    return false
  }

  impliedReply(command: Command): Reply | undefined {
    return impliedReply(command)
  }

  /** Returns false: every server that speaks meta knows all classic commands. */
  mayCloseOn(): boolean {
    return false
  }
}
