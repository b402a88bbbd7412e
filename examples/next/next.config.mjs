import { fileURLToPath } from 'node:url'

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url))

export default {
  cacheComponents: true,
  partialPrefetching: true,
  // 'use cache' and 'use cache: remote'
  cacheHandlers: { default: pathOf('./cache-handler.mjs'), remote: pathOf('./cache-handler.mjs') },
  // Pages, routes and results of fetch.
  cacheHandler: pathOf('./isr-handler.mjs'),
  // Else each instance keeps pages in its own memory as well.
  cacheMaxMemorySize: 0,
}
