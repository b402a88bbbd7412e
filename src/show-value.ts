const MAX_SHOWN_CHARACTERS = 40

/** A bad value for an error message: short, quoted where it is text, only its kind where it is an object. */
export function showValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cut(value))
    case 'bigint':
      return showBigint(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'symbol':
      return 'a symbol'
    case 'function':
      return 'a function'
    case 'object':
      return describeObject(value)
  }
}

/** Turning a bigint of millions of digits into text takes seconds. */
const LARGE = 10n ** 1000n

function showBigint(value: bigint): string {
  if (value >= LARGE || value <= -LARGE) return 'a bigint of more than 1000 digits'
  return `${cut(String(value))}n`
}

function cut(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text
}

function describeObject(value: object | null): string {
  if (value === null) return 'null'
  const kind = kindOf(value)
  return kind === 'Object' ? 'an object' : `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`
}

/** The names of kinds that Node has; anything else comes from the caller and may hold a line break, or a secret. */
const KIND = /^[A-Z][\w ]{0,39}$/i

function kindOf(value: object): string {
  try {
    const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
    return KIND.test(kind) ? kind : 'Object'
  } catch {
    // A `Proxy` that was revoked, or a getter that throws.
    return 'Object'
  }
}
