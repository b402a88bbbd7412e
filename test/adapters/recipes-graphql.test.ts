import { createHash } from 'node:crypto'
import { ApolloServer } from '@apollo/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { prepareRecipe } from './support/recipe.ts'
import { targets } from './support/servers.ts'

const query = '{ hello }'
const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } }

/** Returns the answer, or the code of its first error. */
async function ask(server: ApolloServer, request: { query?: string }): Promise<unknown> {
  const { body } = await server.executeOperation({ ...request, extensions })
  if (body.kind !== 'single') return body.kind
  return body.singleResult.errors?.[0]?.extensions?.['code'] ?? { ...body.singleResult.data }
}

describe.each(targets())('the recipe for Apollo Server on $name', ({ start }) => {
  const apollo = prepareRecipe<typeof import('./recipes/apollo.ts')>('graphql.md', 'apollo.ts')

  function startApollo(address: string): ApolloServer {
    const server = new ApolloServer({
      typeDefs: 'type Query { hello: String }',
      resolvers: { Query: { hello: () => 'world' } },
      cache: apollo().recipe.apolloCache(apollo().open(address)),
    })
    onTestFinished(() => server.stop())
    return server
  }

  it('shares persisted queries between servers', async () => {
    await using server = await start()
    const [first, second] = [startApollo(server.address), startApollo(server.address)]
    expect(await ask(second, {})).toBe('PERSISTED_QUERY_NOT_FOUND')
    expect(await ask(first, { query })).toEqual({ hello: 'world' })
    await eventually(async () => expect(await ask(second, {})).toEqual({ hello: 'world' }))
  })

  it('answers where memcached is gone', async () => {
    await using server = await start()
    const graphql = startApollo(server.address)
    expect(await ask(graphql, { query })).toEqual({ hello: 'world' })
    await server[Symbol.asyncDispose]()
    expect(await ask(graphql, {})).toBe('PERSISTED_QUERY_NOT_FOUND')
    expect(await ask(graphql, { query })).toEqual({ hello: 'world' })
  })

  it('keeps values of any key until they are deleted, for the time that is said', async () => {
    await using server = await start()
    const client = apollo().open(server.address)
    const cache = apollo().recipe.apolloCache(client)
    const key = `httpcache:GET https://example.com/${'a'.repeat(1000)}`
    const item = `apollo:${createHash('sha256').update(key).digest('base64url')}`
    for (const [ttl, left] of [
      [undefined, null],
      [null, null],
      [0.5, 1],
      [3600, 3600],
    ] as const) {
      await cache.set(key, 'value', ttl === undefined ? {} : { ttl })
      expect(await cache.get(key)).toBe('value')
      const found = (await client.inspect(item))?.ttl
      if (left === null) expect(found).toBe(Number.POSITIVE_INFINITY)
      else expect(found).toBeLessThanOrEqual(left)
    }
    await cache.delete(key)
    expect(await cache.get(key)).toBeUndefined()
  })
})
