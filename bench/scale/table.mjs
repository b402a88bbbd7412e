/** Prints rows of cells in columns, the first to the left, the others to the right. */
export function printTable(title, header, rows) {
  const lines = [header, ...rows].map((line) => line.map(String))
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  console.log(`\n${title}\n`)
  for (const line of lines) {
    console.log(
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('   '),
    )
  }
}

/** Returns the number in so many of the sorted ones: 0.5 is the median. */
export function quantile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

/** Text of milliseconds. */
export function ms(number) {
  return number >= 100 ? number.toFixed(0) : number.toFixed(1)
}

/** Text of a share in percent. */
export function percent(share) {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`
}

/** Text of a large number. */
export function grouped(number) {
  return Math.round(number).toLocaleString('en-US')
}
