import * as echarts from 'echarts'
import { describeInOneLine } from '../macro/machine.mjs'
import { COLORS } from './colors.mjs'

const WIDTH = 1200
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
  const clients = Object.keys(COLORS).filter((client) => [...open, bursts].some((row) => row?.figures[client]))
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT })
  chart.setOption(chartOption(machine, open, bursts, clients))
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

function chartOption(machine, open, bursts, clients) {
  const lines = LINE_PANELS.flatMap((panel, index) => clients.map((client) => lineSeries(panel, index, open, client)))
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif' },
    color: clients.map((client) => COLORS[client]),
    title: [mainTitle(machine), ...PANELS.map(panelTitle)],
    legend: {
      data: clients.map((name) => ({ name, icon: 'rect' })),
      top: 62,
      left: 20,
      itemWidth: 14,
      itemHeight: 10,
      itemGap: 26,
    },
    grid: PANELS.map(({ left, top }) => ({ left, top, width: PANEL_WIDTH, height: PANEL_HEIGHT })),
    xAxis: [...LINE_PANELS.map((_, index) => rateAxis(open, index)), clientAxis(clients)],
    yAxis: PANELS.map((_, index) => latencyAxis(index)),
    series: [...lines, barSeries(bursts, clients)],
  }
}

function mainTitle(machine) {
  return {
    text: 'Latency of gets at a fixed rate (Poisson arrivals), counted from the intended start',
    subtext: `${describeInOneLine(machine)} · ${machine.date.slice(0, 10)} · a line ends where the client falls over`,
    left: 20,
    top: 8,
    itemGap: 5,
    textStyle: { fontSize: 17, color: '#212529' },
    subtextStyle: { fontSize: 11, color: '#495057' },
  }
}

function panelTitle({ title, left, top }) {
  return { text: title, left, top: top - 26, textStyle: { fontSize: 12, fontWeight: 'normal', color: '#343a40' } }
}

function rateAxis(open, index) {
  const data = open.map(({ title }) => title.replace('open loop, ', ''))
  return { type: 'category', gridIndex: index, data, axisLabel: { color: '#495057' } }
}

function clientAxis(clients) {
  const axisLabel = { color: '#495057', interval: 0, rotate: 30, fontSize: 10 }
  return { type: 'category', gridIndex: LINE_PANELS.length, data: clients, axisLabel, axisTick: { show: false } }
}

function latencyAxis(index) {
  const axisLabel = { formatter: (value) => String(value), color: '#495057' }
  return { type: 'log', gridIndex: index, axisLabel, splitLine: { lineStyle: { color: '#e9ecef' } } }
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
