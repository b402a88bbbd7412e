/** Flags of a meta command and what they mean: for the completion. */
const READ = [
  'v value',
  't seconds left',
  'f client flags',
  'c cas number',
  's size',
  'h read before',
  'l last access',
] as const

const HINTS: Readonly<Record<string, readonly string[]>> = {
  mg: [...READ, 'T30 touch', 'N30 create on a miss', 'R10 renew early', 'E7 cas number to be'],
  ms: [
    'T30 seconds to live',
    'F0 client flags',
    'C7 only with this cas',
    'E7 cas number to be',
    'MA append',
    'ME add',
    'MP prepend',
    'MR replace',
    'c cas number',
  ],
  md: [
    'C7 only with this cas',
    'I mark as stale',
    'T30 seconds to live',
    'x keep the item without its value',
    'E7 cas number to be',
  ],
  ma: [
    'v number',
    't seconds left',
    'c cas number',
    'D5 by how much',
    'MD count down',
    'N30 create on a miss',
    'J0 first number',
    'T30 touch',
    'C7 only with this cas',
  ],
}

/** Returns the flags of a meta command, each with its meaning; none for other commands. */
export function flagHints(command: string): readonly string[] {
  return HINTS[command] ?? []
}
