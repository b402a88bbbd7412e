import { type Channel, channel } from 'node:diagnostics_channel'
import type { ByteStream } from './byte-stream.ts'

/** Tells, inside this process, which stream was opened to which server: before anything is written to it. */
export const openedStreams: Channel = channel('memlane:stream')

/** A stream to a server. */
export interface OpenedStream {
  /** Name of the server. */
  readonly server: string
  readonly stream: ByteStream
}
