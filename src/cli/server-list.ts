const DEFAULT_SERVER = 'localhost:11211'

/** Servers that `--server` and `MEMCACHED_SERVERS` name; several in one word are separated by commas or blanks. */
export function readServers(
  options: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const given = options.flatMap(words)
  if (given.length > 0) return given
  const fromEnv = words(env['MEMCACHED_SERVERS'] ?? '')
  return fromEnv.length > 0 ? fromEnv : [DEFAULT_SERVER]
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}
