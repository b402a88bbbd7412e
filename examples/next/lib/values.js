import { cacheLife, cacheTag } from 'next/cache'

/** A value that is made once for all instances. */
export async function value(name) {
  'use cache'
  cacheTag('values', `value-${name}`)
  cacheLife({ stale: 30, revalidate: 3600, expire: 86_400 })
  return `${name} ${crypto.randomUUID()}`
}

/** A value that is made anew every two seconds, after one request more got the old one. */
export async function shortValue() {
  'use cache'
  cacheLife({ stale: 30, revalidate: 2, expire: 86_400 })
  return crypto.randomUUID()
}

/** A value that is larger than memcached takes. */
export async function largeValue() {
  'use cache'
  cacheLife({ stale: 30, revalidate: 3600, expire: 86_400 })
  return crypto.randomUUID().repeat(50_000)
}
