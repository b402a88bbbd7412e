/** Returns options with defaults in the place of those that are undefined or null. */
export function withDefaults<T extends object>(options: T, defaults: Partial<T>): T {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null)
  return { ...options, ...defaults, ...Object.fromEntries(given) }
}
