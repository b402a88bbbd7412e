export type { FastifyRateLimitCallback, FastifyRateLimitStore } from '../adapters/fastify-limit.ts'
export type { AdapterOptions, CacheOrServers } from '../adapters/host-client.ts'
export {
  type ClientHits,
  type FastifyRateLimitStoreClass,
  fastifyRateLimitStore,
  RateLimitStore,
} from '../adapters/rate-limit.ts'
export type { Alignment, OnCountError, RateLimitOptions } from '../adapters/rate-limit-options.ts'
export {
  type FlexibleLimiterClass,
  type FlexibleOptions,
  rateLimiterFlexible,
} from '../adapters/rate-limiter-flexible.ts'
