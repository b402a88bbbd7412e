import { escapeText } from './terminal/escape.ts'

const STATUSES: Readonly<Record<string, string>> = {
  VA: 'hit',
  HD: 'done',
  OK: 'done',
  EN: 'miss',
  NF: 'not found',
  NS: 'not stored',
  EX: 'another cas number',
}

/** Words for the flags of a reply, by their letters. */
const FLAGS: Readonly<Record<string, (token: string) => string>> = {
  t: (token) => (token === '-1' ? 'never expires' : `${token} s left`),
  f: (token) => `client flags ${token}`,
  c: (token) => `cas ${token}`,
  s: (token) => `${token} bytes`,
  h: (token) => (token === '0' ? 'not read before' : 'read before'),
  l: (token) => `last access ${token} s ago`,
  W: () => 'won: this caller is to store it anew',
  Z: () => 'another caller is to store it anew',
  X: () => 'stale',
  b: () => 'key in base64',
  k: (token) => `key ${token}`,
  O: (token) => `opaque ${token}`,
}

/** Explains a reply of the meta protocol: `hit · 58 s left · cas 1942`. Unknown flags are left out. */
export function explainReply(status: string, flags: readonly string[]): string {
  const words = flags.flatMap((flag) => FLAGS[flag.slice(0, 1)]?.(escapeText(flag.slice(1))) ?? [])
  return [STATUSES[status] ?? '', ...words].filter((word) => word !== '').join(' · ')
}
