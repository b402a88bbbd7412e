import * as echarts from 'echarts'
import { describeInOneLine } from '../macro/machine.mjs'
import { COLORS } from './colors.mjs'

/** Width of every chart. */
export const WIDTH = 1200

/** Returns the clients of the table of colours that have figures, in its order. */
export function clientsOf(rows, isShown = (figures) => figures !== undefined) {
  return Object.keys(COLORS).filter((client) => rows.some((row) => isShown(row?.figures[client])))
}

/** Draws a chart as SVG: the looks that all charts share, and `option`, in which the title is a list. */
export function drawChart({ height, clients, option }) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  const legend = { top: 62, left: 20, itemWidth: 14, itemHeight: 10, itemGap: 26 }
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif' },
    color: clients.map((client) => COLORS[client]),
    legend: { data: clients.map((name) => ({ name, icon: 'rect' })), ...legend },
    ...option,
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

/** Title of a chart; the line below it begins with the machine and the day. */
export function mainTitle(text, machine, rest) {
  return {
    text,
    subtext: `${describeInOneLine(machine)} · ${machine.date.slice(0, 10)}${rest}`,
    left: 20,
    top: 8,
    itemGap: 5,
    textStyle: { fontSize: 17, color: '#212529' },
    subtextStyle: { fontSize: 11, lineHeight: 14, color: '#495057' },
  }
}

/** Title above a panel. */
export function panelTitle({ title, left, top }) {
  return { text: title, left, top: top - 26, textStyle: { fontSize: 12, fontWeight: 'normal', color: '#343a40' } }
}

/** Logarithmic axis of a panel. */
export function logAxis(index, formatter, rest = {}) {
  const axisLabel = { formatter, color: '#495057' }
  return { type: 'log', gridIndex: index, axisLabel, splitLine: { lineStyle: { color: '#e9ecef' } }, ...rest }
}
