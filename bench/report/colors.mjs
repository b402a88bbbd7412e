/** Ours in a strong colour, the floor in grey, the others in quiet ones. */
export const COLORS = {
  memlane: '#d9480f',
  raw: '#adb5bd',
  memjs: '#4dabf7',
  memcached: '#1971c2',
  memcache: '#40c057',
  'memcache-client': '#9775fa',
  ioredis: '#c2255c',
  'ioredis-plain': '#f783ac',
  'valkey-glide': '#0b7285',
  pylibmc: '#fcc419',
  pymemcache: '#a98467',
}
