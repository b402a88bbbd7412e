import express from 'express'
import session from 'express-session'
import { Memcache } from 'memlane'
import { sessionStore } from 'memlane/session'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
const store = sessionStore(session)(cache)

const app = express()
app.use(session({ store, secret: 'change me', resave: false, saveUninitialized: false, cookie: { maxAge: 3_600_000 } }))
app.get('/', (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1
  response.send(`visit ${request.session.visits}`)
})
const server = app.listen(0, async () => {
  const url = `http://localhost:${server.address().port}`
  const first = await fetch(url)
  const again = await fetch(url, { headers: { cookie: first.headers.getSetCookie()[0] } })
  console.log(await first.text(), '·', await again.text())
  server.close()
})
