type Shape = (at: number) => string

/** Short ones and up to 240 bytes, with tags of twemproxy, with characters that some clients escape. */
const ASCII_SHAPES: readonly Shape[] = [
  (at) => String(at),
  (at) => `user:${at}:profile`,
  (at) => `/page/${(at * 7919).toString(36)}?q=${at}&sort=%20`,
  (at) => `${'x'.repeat(200 + (at % 30))}${at}`,
  (at) => `{user:${at}}:name`,
]

/** Of one, two, three and four bytes a character, composed and not. */
const OTHER_SHAPES: readonly Shape[] = [
  (at) => `été:${at}`,
  (at) => `e\u0301te\u0301-${at}`,
  (at) => `鍵:${at}:値`,
  (at) => `🍺${at}🍻`,
  (at) => `${at}-{${at % 7}é}`,
]

/** How many keys each side writes in a test. */
export const KEY_COUNT = 1200

/** Which keys a client takes. */
export type KeyRange = 'UTF-8' | 'ASCII'

/** That many different keys. Keys of different owners are different too. */
export function keysOf(owner: string, range: KeyRange): string[] {
  const shapes = range === 'UTF-8' ? [...ASCII_SHAPES, ...OTHER_SHAPES] : ASCII_SHAPES
  // Tags stay in front: the owner comes last.
  return Array.from({ length: KEY_COUNT }, (_, at) => `${shapes[at % shapes.length]!(at)}.${owner}`)
}

/** A text that tells whose key it is, beyond ASCII as well. */
export function textOf(key: string): string {
  return `value of ${key} ☕`
}
