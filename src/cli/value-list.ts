import type { Key } from '../protocol/key.ts'
import type { Context } from './command.ts'
import { decodeStored } from './decode.ts'
import { EXIT } from './exit-code.ts'
import { jsonKey, showKeyText } from './key-argument.ts'
import type { Stored } from './stored.ts'
import { jsonValue, writeValue } from './value-output.ts'

/** A hit. */
export interface Hit {
  readonly stored: Stored
  readonly cas?: bigint | undefined
}

/**
 * Writes the values of keys in their order: as they are, or a line of JSON for each. A miss is a line on standard error; with
 * `--json` it is left out.
 *
 * @param showsCas - Whether the cas number stands in front of a value, before a tab.
 * @returns the exit code.
 */
export async function writeHits(
  context: Context,
  keys: readonly Key[],
  hitOf: (key: Key) => Hit | undefined,
  showsCas = false,
): Promise<number> {
  let exitCode: number = EXIT.ok
  for (const key of keys) {
    const hit = hitOf(key)
    if (hit === undefined) {
      exitCode = EXIT.negative
      if (!context.json) context.warn(`${showKeyText(key)}: not found`)
    } else if (context.json) await writeJson(context, key, hit)
    else {
      if (showsCas && hit.cas !== undefined) context.out.write(`${hit.cas}\t`)
      await writeValue(context, hit.stored)
    }
  }
  return exitCode
}

async function writeJson({ out, serde }: Context, key: Key, { stored, cas }: Hit): Promise<void> {
  const decoded = await decodeStored(stored, serde)
  out.json({
    ...jsonKey(key),
    ...jsonValue(decoded),
    flags: stored.clientFlags,
    size: stored.data.length,
    format: decoded.format,
    // A cas number has 64 bits, which a number in JSON has not everywhere.
    ...(cas === undefined ? {} : { cas: String(cas) }),
  })
}
