import type { Context } from '../command.ts'
import { UsageError } from '../usage-error.ts'
import type { ReaderClients } from './item-reader.ts'

/** Makes the clients of an `ItemReader`. */
export async function readerClients({ clients }: Context): Promise<ReaderClients> {
  if (clients.values.protocol === 'text') {
    throw new UsageError(
      'values are read with their times to live, which needs the meta protocol: leave out --protocol',
    )
  }
  const { chunks } = await import('../../client/chunks/chunks.ts')
  return { cache: await clients.memcache(undefined, { chunks: chunks() }), meta: await clients.meta() }
}
