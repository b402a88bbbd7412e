export type { Distribution, RoutedServer, Router } from '../routing/distribution.ts'
export type {
  HashFunction,
  HashInput,
  SeededHashFunction,
  SignedBytesHashFunction,
  SignedBytesOption,
} from '../routing/hash/hash-function.ts'
export { type Hashes, hashes } from '../routing/hash/hashes.ts'
export { type JumpOptions, jump } from '../routing/jump.ts'
export { type KetamaFlavour, type KetamaOptions, ketama } from '../routing/ketama.ts'
export {
  type LibmemcachedOptions,
  libmemcachedConsistent,
  libmemcachedModula,
  libmemcachedSpy,
  libmemcachedVirtualBucket,
  libmemcachedWeighted,
} from '../routing/libmemcached.ts'
export { mcrouterCh3, mcrouterCrc32 } from '../routing/mcrouter.ts'
export { memjs } from '../routing/memjs.ts'
export { type ModulaOptions, modula } from '../routing/modula.ts'
export { memcachedNpm } from '../routing/npm-ring.ts'
export {
  dalli,
  gomemcache,
  metaMemcacheModula,
  type PymemcacheOptions,
  phpMemcache,
  phpMemcached,
  phpMemcachedConsistent,
  phpMemcachedLibketama,
  pymemcache,
  pythonMemcached,
  spymemcached,
  spymemcachedModula,
  type TwemproxyOptions,
  twemproxy,
  twemproxyModula,
} from '../routing/presets.ts'
export { hashring, metaMemcache, uhashring, uhashringKetama } from '../routing/python-rings.ts'
export { type RendezvousOptions, rendezvous } from '../routing/rendezvous.ts'
