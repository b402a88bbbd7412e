const MARKS = {
  held: 'held',
  wrong: 'WRONG',
  hang: 'HANG',
  crash: 'CRASH',
  "another key's value": 'FOREIGN',
  broken: 'broken',
  '–': '–',
}
const NAME_WIDTH = 28
const CELL_WIDTH = 9

/** The table for a terminal, and what happened where something did not hold. */
export function formatTable({ rows, clients, seconds }) {
  const names = clients.map(({ name }) => name)
  const heads = names.map((name) => shorten(name.replace('memlane-', 'ml-')))
  const lines = rows.map(({ name, cells }) =>
    line(
      name,
      names.map((client) => MARKS[cells[client].verdict]),
    ),
  )
  return [line('', heads), ...lines, '', ...problemsOf(rows), '', totals(rows, names), `${seconds} s`].join('\n')
}

function line(name, cells) {
  return `${name.padEnd(NAME_WIDTH)}${cells.map((cell) => cell.padEnd(CELL_WIDTH)).join('')}`.trimEnd()
}

function shorten(name) {
  return name.replace('memcache-client', 'mc-client').slice(0, CELL_WIDTH - 1)
}

function problemsOf(rows) {
  return rows.flatMap(({ name, cells }) =>
    Object.entries(cells)
      .filter(([, { verdict }]) => verdict !== 'held' && verdict !== '–')
      .map(
        ([client, { verdict, detail, trials }]) =>
          `${name} · ${client}: ${verdict}: ${detail}${sayTrials(trials, verdict)}`,
      ),
  )
}

function sayTrials(trials, verdict) {
  return trials.every((one) => one === verdict) ? '' : ` (trials: ${trials.join(', ')})`
}

/** How much each client holds of what it takes part in. */
export function countHeld(rows, name) {
  const verdicts = rows.map(({ cells }) => cells[name].verdict).filter((verdict) => verdict !== '–')
  return { held: verdicts.filter((verdict) => verdict === 'held').length, of: verdicts.length }
}

function totals(rows, names) {
  return names
    .map((name) => {
      const { held, of } = countHeld(rows, name)
      return `${name} ${held} of ${of}`
    })
    .join(' · ')
}
