import { incrementalCacheHandler } from 'memlane/next'

export default incrementalCacheHandler(process.env.MEMCACHED_SERVERS?.split(','), { client: { timeoutMs: 500 } })
