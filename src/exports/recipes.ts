export { type Held, type OnceOptions, type OnceOutcome, once } from '../recipes/once.ts'
export type { RecipeOwner } from '../recipes/owner.ts'
export { type RateLimitOutcome, type RateLimitRule, rateLimit } from '../recipes/rate-limit.ts'
