import type { StoreRequest } from '../classic-request.ts'
import type { Request } from '../request.ts'
import type {
  MetaArithmeticFlags,
  MetaDeleteFlags,
  MetaGetFlags,
  MetaSetFlags,
  MetaSetMode,
  MetaSetRequest,
} from './request.ts'

/**
 * Highest opaque. Replies come in order, so an opaque must only differ from its neighbours. The number is small, so
 * that each text is made once: turning a new number into text costs as much as the rest of the line.
 */
export const LAST_OPAQUE = 4095

/** Line endings, one for each opaque. */
const ENDINGS: readonly string[] = Array.from({ length: LAST_OPAQUE + 1 }, (_, opaque) => ` O${opaque}\r\n`)

/**
 * Returns the meta command line of a request, CR LF included; a store's data block follows it. Numbers are formatted
 * from numbers, never from text, and the key was checked when it was encoded: no other text can reach the line.
 *
 * @param base64 - the key is in base64 (`b`; memcached 1.6.10 and newer).
 * @param opaque - sequence number that the reply repeats, which identifies the reply.
 * @param quiet - no reply on success; refusals still come.
 */
export function encodeMetaCommand(
  request: Request,
  key: string,
  base64: boolean,
  opaque: number,
  quiet: boolean,
): string {
  const binary = base64 ? ' b' : ''
  const ending = quiet ? ` q${ENDINGS[opaque]!}` : ENDINGS[opaque]!
  switch (request.command) {
    case 'get':
    // The cas number is needed to release the win token of a stale item, which any mg takes.
    case 'gets':
      return `mg ${key}${binary} v f c${ending}`
    case 'gat':
    case 'gats':
      return `mg ${key}${binary} T${request.exptime} v f c${ending}`
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
      return encodeStore(request, key, binary, ending)
    case 'delete':
      return `md ${key}${binary}${ending}`
    case 'incr':
      // A quiet ma has no reply to carry the number; asking for it would make some versions answer all the same.
      return `ma ${key}${binary} D${request.delta}${quiet ? '' : ' v'}${ending}`
    case 'decr':
      return `ma ${key}${binary} MD D${request.delta}${quiet ? '' : ' v'}${ending}`
    case 'touch':
      // A quiet touch is sent in the classic form: an mg would take the win token of a stale item unnoticed.
      if (quiet && !base64) return `touch ${key} ${request.exptime} noreply\r\n`
      // Size and client flags: a placeholder is no item. Cas: needed to release the win token of a stale item, which mg
      // takes.
      return `mg ${key}${binary} T${request.exptime} c s f${ending}`
    case 'mg':
      return `mg ${key}${binary}${request.flagText ?? getFlags(request.flags, base64)}${ending}`
    case 'ms':
      return encodeSet(request, key, base64, ending)
    case 'md':
      return `md ${key}${binary}${request.flagText ?? deleteFlags(request.flags, base64)}${ending}`
    case 'ma':
      return `ma ${key}${binary}${request.flagText ?? arithmeticFlags(request.flags, base64, quiet)}${ending}`
    case 'me':
      // No opaque and no quiet mode: its reply is matched by kind.
      return `me ${key}${binary}\r\n`
    case 'version':
      return 'version\r\n'
    case 'noop':
      return 'mn\r\n'
  }
}

function encodeStore(request: StoreRequest, key: string, binary: string, ending: string): string {
  let line = `ms ${key} ${request.bytes}${binary}`
  if (request.exptime !== 0) line += ` T${request.exptime}`
  if (request.clientFlags !== 0) line += ` F${request.clientFlags}`
  return line + storeMode(request) + ending
}

function storeMode(request: StoreRequest): string {
  switch (request.command) {
    case 'set':
      return ''
    case 'add':
      return ' ME'
    case 'replace':
      return ' MR'
    case 'append':
      return ' MA'
    case 'prepend':
      return ' MP'
    case 'cas':
      return ` C${request.cas}`
  }
}

/**
 * Returns the flags of an mg. Flags that change the item come first, because the server carries flags out from left to
 * right and reports as it goes. `R` must see the time left before `T` renews it, and `N`, which concerns a new item
 * alone, comes last.
 */
function getFlags(flags: MetaGetFlags, base64: boolean): string {
  let text = ''
  if (flags.newCas !== undefined) text += ` E${flags.newCas}`
  if (flags.recache !== undefined) text += ` R${flags.recache}`
  if (flags.touch !== undefined) text += ` T${flags.touch}`
  if (flags.vivify !== undefined) text += ` N${flags.vivify}`
  if (flags.unlessCas !== undefined) text += ` C${flags.unlessCas}`
  if (flags.noLruBump) text += ' u'
  if (flags.value) text += ' v'
  if (flags.clientFlags) text += ' f'
  if (flags.cas) text += ' c'
  if (flags.ttl) text += ' t'
  if (flags.lastAccess) text += ' l'
  if (flags.hitBefore) text += ' h'
  if (flags.size) text += ' s'
  return text + keyFlag(flags, base64)
}

/**
 * Returns `k`, but never for a key in base64: memcached forgets that an item made by `N` has one, and then repeats the
 * bytes unencoded, line breaks included (seen on 1.6.18 to 1.6.45).
 */
function keyFlag(flags: { readonly key?: boolean | undefined }, base64: boolean): string {
  return flags.key && !base64 ? ' k' : ''
}

const SET_MODES: Readonly<Record<MetaSetMode, string>> = {
  set: '',
  add: ' ME',
  replace: ' MR',
  append: ' MA',
  prepend: ' MP',
}

function encodeSet(request: MetaSetRequest, key: string, base64: boolean, ending: string): string {
  const binary = base64 ? ' b' : ''
  return `ms ${key} ${request.bytes}${binary}${request.flagText ?? setFlags(request.flags, base64)}${ending}`
}

function setFlags(flags: MetaSetFlags, base64: boolean): string {
  let text = SET_MODES[flags.mode ?? 'set']
  if (flags.exptime !== undefined && flags.exptime !== 0) text += ` T${flags.exptime}`
  if (flags.clientFlags !== undefined && flags.clientFlags !== 0) text += ` F${flags.clientFlags}`
  if (flags.vivify !== undefined) text += ` N${flags.vivify}`
  if (flags.compareCas !== undefined) text += ` C${flags.compareCas}`
  if (flags.newCas !== undefined) text += ` E${flags.newCas}`
  if (flags.invalidate) text += ' I'
  if (flags.cas) text += ' c'
  if (flags.size) text += ' s'
  return text + keyFlag(flags, base64)
}

function deleteFlags(flags: MetaDeleteFlags, base64: boolean): string {
  let text = ''
  if (flags.invalidate) text += ' I'
  if (flags.exptime !== undefined) text += ` T${flags.exptime}`
  if (flags.compareCas !== undefined) text += ` C${flags.compareCas}`
  if (flags.newCas !== undefined) text += ` E${flags.newCas}`
  if (flags.dropValue) text += ' x'
  return text + keyFlag(flags, base64)
}

function arithmeticFlags(flags: MetaArithmeticFlags, base64: boolean, quiet: boolean): string {
  let text = flags.mode === 'decr' ? ' MD' : ''
  // As in mg: for a new counter `N` decides.
  if (flags.exptime !== undefined) text += ` T${flags.exptime}`
  if (flags.vivify !== undefined) text += ` N${flags.vivify}`
  if (flags.initial !== undefined) text += ` J${flags.initial}`
  if (flags.delta !== undefined) text += ` D${flags.delta}`
  if (flags.compareCas !== undefined) text += ` C${flags.compareCas}`
  if (flags.newCas !== undefined) text += ` E${flags.newCas}`
  if (flags.ttl) text += ' t'
  if (flags.cas) text += ' c'
  if (flags.value && !quiet) text += ' v'
  return text + keyFlag(flags, base64)
}
