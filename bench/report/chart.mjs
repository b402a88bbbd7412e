import { clientsOf, drawChart, logAxis, mainTitle, panelTitle } from './svg.mjs'

const HEAD_HEIGHT = 120
const FOOT_HEIGHT = 50
const BAR_HEIGHT = 11
const ROW_GAP = 22

/** Bars on a logarithmic axis begin at 1, so CPU time is drawn in nanoseconds and labelled in microseconds. */
const PANELS = [
  {
    title: 'commands per second, log scale (more is better)',
    field: 'rate',
    scale: 1,
    left: 200,
    min: 100,
    format: formatRate,
  },
  {
    title: 'client CPU, µs per command, log scale (less is better)',
    field: 'cpuMicros',
    scale: 1000,
    left: 740,
    min: 100,
    format: formatMicros,
  },
]
const PANEL_WIDTH = 410

/** An SVG with a bar per client and workload: rates on the left, CPU time on the right, both on logarithmic axes. */
export function renderChart({ machine, rows }) {
  const shown = rows.filter((row) => row.chart)
  const clients = clientsOf(shown, isWhole)
  const height = HEAD_HEIGHT + FOOT_HEIGHT + shown.length * (clients.length * BAR_HEIGHT + ROW_GAP)
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const text = 'memlane and the other memcached clients, one server, one client process'
  const option = {
    title: [
      mainTitle(text, machine, `\n${versions.join(' · ')}`),
      ...PANELS.map((panel) => panelTitle({ ...panel, top: HEAD_HEIGHT })),
    ],
    grid: PANELS.map(({ left }) => ({ left, width: PANEL_WIDTH, top: HEAD_HEIGHT, bottom: FOOT_HEIGHT })),
    xAxis: PANELS.map(({ min, format }, index) => logAxis(index, format, { min })),
    yAxis: PANELS.map((_, panel) => categoryAxis(shown, panel)),
    series: PANELS.flatMap((panel, index) => clients.map((client) => barSeries(panel, index, shown, client))),
  }
  return drawChart({ height, clients, option })
}

function categoryAxis(rows, index) {
  return {
    type: 'category',
    gridIndex: index,
    data: rows.map(({ title }) => title),
    inverse: true,
    axisTick: { show: false },
    axisLabel: index === 0 ? { color: '#212529', fontSize: 12 } : { show: false },
  }
}

function barSeries({ field, scale, format }, index, rows, client) {
  return {
    name: client,
    type: 'bar',
    xAxisIndex: index,
    yAxisIndex: index,
    barWidth: BAR_HEIGHT - 1,
    barGap: '10%',
    data: rows.map(({ figures }) => (isWhole(figures[client]) ? figures[client][field] * scale : null)),
    label: { show: true, position: 'right', fontSize: 9, color: '#495057', formatter: ({ value }) => format(value) },
  }
}

/** A broken cell has no bar. */
function isWhole(figures) {
  return figures !== undefined && figures.problem === undefined
}

function formatRate(rate) {
  if (rate === null || rate === undefined) return ''
  if (rate >= 1e6) return `${trim(rate / 1e6)} M`
  return rate >= 1000 ? `${trim(rate / 1000)} k` : trim(rate)
}

function formatMicros(nanoseconds) {
  return nanoseconds === null || nanoseconds === undefined ? '' : trim(nanoseconds / 1000)
}

function trim(number) {
  return String(Number(number.toPrecision(number >= 100 ? 3 : 2)))
}
