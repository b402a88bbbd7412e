import express from 'express'
import { rateLimit } from 'express-rate-limit'
import { Memcache } from 'memlane'
import { RateLimitStore } from 'memlane/rate-limit'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
const store = new RateLimitStore(cache, { prefix: 'rl:api:' })

const app = express()
app.use(rateLimit({ windowMs: 60_000, limit: 2, standardHeaders: 'draft-8', store }))
app.get('/', (_request, response) => {
  response.send('ok')
})
const server = app.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}`
  for (let request = 0; request < 3; request++) console.log((await fetch(url)).status)
  server.close()
})
