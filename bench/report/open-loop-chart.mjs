import { COLORS } from './colors.mjs'
import { clientsOf, drawChart, logAxis, mainTitle, panelTitle } from './svg.mjs'

const HEIGHT = 760
const PANEL_WIDTH = 480
const PANEL_HEIGHT = 240
const LEFT = [80, 660]
const TOP = [130, 450]

/** Lines over the rates, on logarithmic axes. */
const LINE_PANELS = [
  { title: 'p50, ms', field: 'p50Ms', left: LEFT[0], top: TOP[0] },
  { title: 'p99, ms', field: 'p99Ms', left: LEFT[1], top: TOP[0] },
  { title: 'p99.9, ms', field: 'p999Ms', left: LEFT[0], top: TOP[1] },
]
const BURST_PANEL = { title: '5,000 gets at once: ms until the last answer', left: LEFT[1], top: TOP[1] }
const PANELS = [...LINE_PANELS, BURST_PANEL]

/** An SVG of the open loop: latency over the rate for each client, as far as it keeps the rate, and bursts as bars. */
export function renderOpenLoopChart({ machine, rows }) {
  const open = rows.filter(({ kind }) => kind === 'open')
  const bursts = rows.find(({ kind }) => kind === 'bursts')
  const clients = clientsOf([...open, bursts])
  const text = 'Latency of gets at a fixed rate (Poisson arrivals), counted from the intended start'
  const lines = LINE_PANELS.flatMap((panel, index) => clients.map((client) => lineSeries(panel, index, open, client)))
  const option = {
    title: [mainTitle(text, machine, ' · a line ends where the client falls over'), ...PANELS.map(panelTitle)],
    grid: PANELS.map(({ left, top }) => ({ left, top, width: PANEL_WIDTH, height: PANEL_HEIGHT })),
    xAxis: [...LINE_PANELS.map((_, index) => rateAxis(open, index)), clientAxis(clients)],
    yAxis: PANELS.map((_, index) => logAxis(index, String)),
    series: [...lines, barSeries(bursts, clients)],
  }
  return drawChart({ height: HEIGHT, clients, option })
}

function rateAxis(open, index) {
  const data = open.map(({ title }) => title.replace('open loop, ', ''))
  return { type: 'category', gridIndex: index, data, axisLabel: { color: '#495057' } }
}

function clientAxis(clients) {
  const axisLabel = { color: '#495057', interval: 0, rotate: 30, fontSize: 10 }
  return { type: 'category', gridIndex: LINE_PANELS.length, data: clients, axisLabel, axisTick: { show: false } }
}

function lineSeries({ field }, index, open, client) {
  return {
    name: client,
    type: 'line',
    xAxisIndex: index,
    yAxisIndex: index,
    symbol: 'circle',
    symbolSize: 6,
    lineStyle: { width: client === 'memlane' ? 3 : 1.5 },
    z: client === 'memlane' ? 3 : 2,
    data: open.map(({ figures }) => figures[client]?.[field] ?? null),
  }
}

function barSeries(bursts, clients) {
  const panel = LINE_PANELS.length
  const barOf = (client) => ({ value: bursts?.figures[client]?.burstMs ?? null, itemStyle: { color: COLORS[client] } })
  const formatter = ({ value }) => (value === null ? '' : String(Number(value.toPrecision(value >= 100 ? 3 : 2))))
  return {
    type: 'bar',
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: clients.map(barOf),
    label: { show: true, position: 'top', fontSize: 10, color: '#495057', formatter },
  }
}
