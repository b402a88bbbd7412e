import { clientsOf, drawChart, logAxis, mainTitle } from './svg.mjs'

const HEIGHT = 460
const GRID = { left: 70, right: 90, top: 130, height: 270 }

/** An SVG of the 99th percentile of the latency over the rate, a line for each client as far as it keeps the rate. */
export function renderLatencyChart({ machine, rows }) {
  const open = rows.filter(({ kind }) => kind === 'open')
  const clients = clientsOf(open, (figures) => figures?.p99Ms !== undefined)
  const text = 'p99 latency of get, in ms, over the gets that begin in a second'
  const option = {
    title: [mainTitle(text, machine, ' · a line ends where the client cannot keep the rate')],
    grid: GRID,
    xAxis: rateAxis(open),
    yAxis: logAxis(0, (ms) => `${ms} ms`),
    series: clients.map((client) => lineOf(client, open)),
  }
  return drawChart({ height: HEIGHT, clients, option })
}

/** A logarithmic axis with a mark for each rate. */
function rateAxis(open) {
  const customValues = open.map(rateOf)
  return {
    type: 'log',
    min: Math.min(...customValues),
    max: Math.max(...customValues),
    splitLine: { show: false },
    axisTick: { customValues },
    axisLabel: { customValues, formatter: (rate) => `${rate / 1000} k/s`, color: '#495057' },
  }
}

function rateOf({ name }) {
  return Number(/\d+/.exec(name)[0]) * 1000
}

function lineOf(client, open) {
  const points = open
    .filter(({ figures }) => figures[client]?.p99Ms !== undefined)
    .map((row) => [rateOf(row), row.figures[client].p99Ms])
  return {
    name: client,
    type: 'line',
    symbol: 'circle',
    symbolSize: 6,
    lineStyle: { width: client === 'memlane' ? 3 : 1.5 },
    z: client === 'memlane' ? 3 : 2,
    data: points,
    endLabel: { show: client === 'memlane', formatter: 'memlane', color: '#d9480f', fontWeight: 'bold' },
  }
}
