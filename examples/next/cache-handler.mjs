import { cacheHandler } from 'memlane/next'

export default cacheHandler(process.env.MEMCACHED_SERVERS?.split(','), { client: { timeoutMs: 500 } })
