import { useSession, useSessionStorage } from '@hono/session'
import { Hono } from 'hono'
import { type Session, sessionMiddleware } from 'hono-sessions'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { prepareRecipe } from './support/recipe.ts'
import { targets } from './support/servers.ts'

const SECRET = 'a secret of at least thirty-two characters'

/** Answer of an application, and the cookie that it set. */
interface Visit {
  readonly status: number
  readonly text: string
  readonly cookie: string | undefined
}

async function visit(app: { request: Hono['request'] }, cookie?: string, path = '/'): Promise<Visit> {
  const response = await app.request(path, cookie === undefined ? {} : { headers: { cookie } })
  const set = response.headers.getSetCookie()[0]?.split(';')[0]
  return { status: response.status, text: await response.text(), cookie: set ?? cookie }
}

describe.each(targets())('the recipe for @hono/session on $name', ({ start }) => {
  const hono = prepareRecipe<typeof import('./recipes/hono-session.ts')>('session.md', 'hono-session.ts')

  function openApp(address: string, onError?: (error: unknown) => void): { request: Hono['request'] } {
    const { recipe, open } = hono()
    const app = new Hono<{ Variables: { session: import('@hono/session').Session<{ visits: number }> } }>()
    app.use(
      useSessionStorage(recipe.honoStorage(open(address), 60, onError)),
      useSession({ secret: SECRET.padEnd(64) }),
    )
    app.get('/', async (context) => {
      const visits = ((await context.var.session.get())?.visits ?? 0) + 1
      await context.var.session.update({ visits })
      return context.text(`visit ${visits}`)
    })
    app.get('/new', async (context) => {
      await context.var.session.update({ visits: 0 })
      return context.text('new')
    })
    app.get('/end', async (context) => {
      await context.var.session.get()
      context.var.session.delete()
      return context.text('bye')
    })
    return app
  }

  it('shares sessions between applications until they end', async () => {
    await using server = await start()
    const [first, second] = [openApp(server.address), openApp(server.address)]
    const { text, cookie } = await visit(first)
    expect(text).toBe('visit 1')
    expect((await visit(first, cookie)).text).toBe('visit 2')
    await eventually(async () => expect((await visit(second, cookie)).text).not.toBe('visit 1'))
    await visit(first, cookie, '/end')
    expect((await visit(first, cookie)).text).toBe('visit 1')
  })

  it('fails requests with a session where memcached is gone, and the process lives', async () => {
    const said = vi.spyOn(console, 'error').mockReturnValue(undefined)
    onTestFinished(() => said.mockRestore())
    await using server = await start()
    const errors: unknown[] = []
    const app = openApp(server.address, (error) => errors.push(error))
    const { cookie } = await visit(app)
    await server[Symbol.asyncDispose]()
    expect((await visit(app, cookie)).status).toBe(500)
    expect((await visit(app, undefined, '/new')).status).toBe(200)
    await eventually(() => expect(errors).toHaveLength(1))
  })
})

describe.each(targets())('the recipe for hono-sessions on $name', ({ start }) => {
  const hono = prepareRecipe<typeof import('./recipes/hono-sessions.ts')>('session.md', 'hono-sessions.ts')

  function openApp(address: string): { request: Hono['request'] } {
    const { recipe, open } = hono()
    const app = new Hono<{ Variables: { session: Session<{ visits: number }> } }>()
    const store = recipe.honoSessionsStore(open(address))
    app.use(sessionMiddleware({ store, encryptionKey: SECRET, expireAfterSeconds: 60 }))
    app.get('/', (context) => {
      const session = context.var.session
      const visits = (session.get('visits') ?? 0) + 1
      session.set('visits', visits)
      return context.text(`visit ${visits}`)
    })
    app.get('/end', (context) => {
      context.var.session.deleteSession()
      return context.text('bye')
    })
    return app
  }

  it('shares sessions between applications until they end', async () => {
    await using server = await start()
    const [first, second] = [openApp(server.address), openApp(server.address)]
    const { text, cookie } = await visit(first)
    expect(text).toBe('visit 1')
    expect((await visit(second, cookie)).text).toBe('visit 2')
    expect((await visit(first, cookie)).text).toBe('visit 3')
    await visit(second, cookie, '/end')
    expect((await visit(first, cookie)).text).toBe('visit 1')
  })

  it('fails requests where memcached is gone', async () => {
    const said = vi.spyOn(console, 'error').mockReturnValue(undefined)
    onTestFinished(() => said.mockRestore())
    await using server = await start()
    const app = openApp(server.address)
    const { cookie } = await visit(app)
    await server[Symbol.asyncDispose]()
    for (const sent of [cookie, undefined]) expect((await visit(app, sent)).status).toBe(500)
  })
})

describe.each(targets())('the recipe for React Router on $name', ({ start }) => {
  const router = prepareRecipe<typeof import('./recipes/react-router.ts')>('session.md', 'react-router.ts')

  const openStorage = (address: string, maxAge?: number) => {
    const { recipe, open } = router()
    const cookie = { name: 'id', secrets: [SECRET], ...(maxAge !== undefined && { maxAge }) }
    return recipe.memlaneSessionStorage(open(address), cookie)
  }

  it('shares sessions between processes, with their flash messages, until they are destroyed', async () => {
    await using server = await start()
    const [first, second] = [openStorage(server.address, 60), openStorage(server.address, 60)]
    const made = await first.getSession()
    made.set('user', 'Ada')
    made.flash('message', 'hello')
    const cookie = (await first.commitSession(made)).split(';')[0]!
    const found = await second.getSession(cookie)
    expect([found.get('user'), found.get('message')]).toEqual(['Ada', 'hello'])
    found.set('user', 'Grace')
    expect((await second.commitSession(found)).split(';')[0]).toBe(cookie)
    const changed = await first.getSession(cookie)
    expect([changed.get('user'), changed.get('message')]).toEqual(['Grace', undefined])
    await first.destroySession(changed)
    expect((await second.getSession(cookie)).data).toEqual({})
  })

  it('keeps a session as long as its cookie, or a day', async () => {
    await using server = await start()
    const client = router().open(server.address)
    for (const [maxAge, seconds] of [
      [60, 60],
      [undefined, 86_400],
    ] as const) {
      const storage = openStorage(server.address, maxAge)
      const cookie = await storage.commitSession(await storage.getSession())
      const { id } = await storage.getSession(cookie.split(';')[0])
      const ttl = (await client.inspect(`sess:${id}`))?.ttl
      expect(ttl).toBeLessThanOrEqual(seconds)
      expect(ttl).toBeGreaterThan(seconds / 2)
    }
  })

  it('rejects where memcached is gone', async () => {
    await using server = await start()
    const storage = openStorage(server.address)
    const session = await storage.getSession()
    const cookie = await storage.commitSession(session)
    await server[Symbol.asyncDispose]()
    await expect(storage.getSession(cookie.split(';')[0])).rejects.toThrow()
    await expect(storage.commitSession(session)).rejects.toThrow()
  })
})
