/** Values of `--serde`. */
export const SERDE_NAMES = [
  'auto',
  'default',
  'raw',
  'json',
  'structured-clone',
  'php',
  'dalli',
  'memcached-npm',
  'memcache-client',
  'memjs',
  'pymemcache',
  'pylibmc',
  'python-memcached',
  'meta-memcache',
  'spymemcached',
  'xmemcached',
] as const

/** Value of `--serde`. */
export type SerdeName = (typeof SERDE_NAMES)[number]
