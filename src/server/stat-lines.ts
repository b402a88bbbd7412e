/** Line of statistics. */
export type Stat = readonly [name: string, value: number | string]

/** Returns statistics as they are sent. */
export function statLines(stats: readonly Stat[]): string {
  return `${stats.map(([name, value]) => `STAT ${name} ${value}\r\n`).join('')}END\r\n`
}
