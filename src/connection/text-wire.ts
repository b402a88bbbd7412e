import type { ClassicRequest } from '../protocol/classic-request.ts'
import { isBase64Key } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Reply, ReplyType } from '../protocol/reply.ts'
import { type Command, classicStore, isGat, isMetaRequest, type Request } from '../protocol/request.ts'
import { encodeTextCommand } from '../protocol/text/encode.ts'
import { isQuestion, type Wire, type WireTarget } from './wire.ts'

/** Classic protocol: replies have no opaque and come in order; only their kind shows which command they answer. */
export class TextWire implements Wire {
  readonly skipsRefusedBlock: boolean = false
  readonly barrierReply: ReplyType
  readonly #server: string
  readonly #probeKey: string | undefined

  constructor({ server, probeKey }: WireTarget) {
    this.#server = server
    this.#probeKey = probeKey
    this.barrierReply = probeKey === undefined ? 'VERSION' : 'END'
  }

  replacementFor(request: Request): Request | undefined {
    return 'text' in request ? request.text : classicStore(request)
  }

  whyNot({ request, key }: Operation): string | undefined {
    const server = this.#server
    if (isBase64Key(key)) {
      return `a key with white space or control characters needs the meta protocol, and ${server} speaks text`
    }
    return isMetaRequest(request) ? `it needs the meta protocol, and ${server} speaks text` : undefined
  }

  encodeLine({ request, key, quiet }: Operation): string {
    if (this.#probeKey !== undefined && isQuestion(request)) return `get ${this.#probeKey}\r\n`
    // `whyNot` lets no meta request pass.
    return encodeTextCommand(request as ClassicRequest, typeof key === 'string' ? key : key.text, quiet)
  }

  takeBack(): void {}

  fits(reply: Reply): boolean {
    return reply.opaque === -1
  }

  isSignOfLife(reply: Reply, { request }: Operation): boolean {
    return reply.type === 'END' && this.#probeKey !== undefined && isQuestion(request)
  }

  impliedReply(): undefined {
    return undefined
  }

  mayCloseOn(command: Command): boolean {
    return isGat(command)
  }
}
