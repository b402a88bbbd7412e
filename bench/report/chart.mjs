import * as echarts from 'echarts'
import { describeInOneLine } from '../macro/machine.mjs'
import { COLORS } from './colors.mjs'

const WIDTH = 1200
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
  const clients = Object.keys(COLORS).filter((client) => shown.some((row) => isWhole(row.figures[client])))
  const height = HEAD_HEIGHT + FOOT_HEIGHT + shown.length * (clients.length * BAR_HEIGHT + ROW_GAP)
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  chart.setOption(chartOption(machine, shown, clients))
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

function chartOption(machine, rows, clients) {
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
    grid: PANELS.map(({ left }) => ({ left, width: PANEL_WIDTH, top: HEAD_HEIGHT, bottom: FOOT_HEIGHT })),
    xAxis: PANELS.map(valueAxis),
    yAxis: PANELS.map((_, panel) => categoryAxis(rows, panel)),
    series: PANELS.flatMap((panel, index) => clients.map((client) => barSeries(panel, index, rows, client))),
  }
}

function mainTitle(machine) {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  return {
    text: 'memlane and the other memcached clients, one server, one client process',
    subtext: `${describeInOneLine(machine)} · ${machine.date.slice(0, 10)}\n${versions.join(' · ')}`,
    left: 20,
    top: 8,
    itemGap: 5,
    textStyle: { fontSize: 17, color: '#212529' },
    subtextStyle: { fontSize: 11, lineHeight: 14, color: '#495057' },
  }
}

function panelTitle({ title, left }) {
  return {
    text: title,
    left,
    top: HEAD_HEIGHT - 26,
    textStyle: { fontSize: 12, fontWeight: 'normal', color: '#343a40' },
  }
}

function valueAxis({ min, format }, index) {
  return {
    type: 'log',
    gridIndex: index,
    min,
    axisLabel: { formatter: format, color: '#495057' },
    splitLine: { lineStyle: { color: '#e9ecef' } },
  }
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
