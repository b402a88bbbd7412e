// The asynchronous client behind synckit: what one would do without MemcacheSync.
import { runAsWorker } from 'synckit'
import { Memcache } from '../../dist/index.mjs'

let cache

runAsWorker(async (name, ...args) => {
  if (name === 'open') {
    cache = new Memcache(args[0])
    return true
  }
  return cache[name](...args)
})
