import { Memcached } from './memcached.ts'

// The CommonJS build of the entry point: `require()` gives the class itself.
export default Memcached
