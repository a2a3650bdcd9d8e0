// The plot: how throughput and p99 go with the number of tasks. An SVG made by hand, for light and dark pages.

const SERIES = ['GET one', 'GET 50', 'sorted deep page', 'search', 'PATCH', 'POST']
const PANEL = { width: 380, height: 250, left: 56, top: 64, gap: 84 }
const SIZE = { width: 2 * PANEL.left + 2 * PANEL.width + PANEL.gap - 40, height: 372 }
const STEPS = 5
const AIM_MS = 10

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 13px }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .target { stroke: #818b98; stroke-width: 1.5; stroke-dasharray: 5 4 }
  .page { fill: #ffffff }
  .line { fill: none; stroke-width: 2.25; stroke-linejoin: round }
  ${['#0969da', '#1a7f37', '#9a6700', '#8250df', '#bf3989', '#cf222e'].map((colour, index) => `.s${index} { stroke: ${colour} } circle.s${index}, rect.s${index} { fill: ${colour} }`).join(' ')}
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .grid { stroke: #3d444d } .page { fill: #0d1117 }
    ${['#4493f8', '#3fb950', '#d29922', '#ab7df8', '#db61a2', '#f85149'].map((colour, index) => `.s${index} { stroke: ${colour} } circle.s${index}, rect.s${index} { fill: ${colour} }`).join(' ')}
  }`

/** The least of 1, 2, 2.5 and 5 times a power of ten that so many steps of reach the value. */
const stepOf = (most) => {
  const rough = most / STEPS
  const power = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough)
}

const fixed = (value) => Number(value.toFixed(1))

const panel = (x, title, unit, sizes, figureOf, target) => {
  const lines = SERIES.map((measure) => sizes.map(({ figures }) => figureOf(figures.filter((row) => row.measure === measure))))
  const values = lines.flat().filter((value) => value !== undefined)
  const step = stepOf(Math.max(...values, target ?? 0) * 1.05)
  const steps = Math.ceil((Math.max(...values, target ?? 0) * 1.02) / step)
  const bottom = PANEL.top + PANEL.height
  const toY = (value) => fixed(bottom - (value / (step * steps)) * PANEL.height)
  const toX = (index) => fixed(x + 24 + (sizes.length === 1 ? 0.5 : index / (sizes.length - 1)) * (PANEL.width - 48))
  const grid = Array.from({ length: steps + 1 }, (_, index) => {
    const y = toY(index * step)
    const label = Number((index * step).toFixed(6))
    return `<line class="grid" x1="${x}" x2="${x + PANEL.width}" y1="${y}" y2="${y}"/><text x="${x - 8}" y="${y + 4}" text-anchor="end">${label}</text>`
  })
  const ticks = sizes.map(
    ({ tasks }, index) => `<text x="${toX(index)}" y="${bottom + 20}" text-anchor="middle">${tasks.toLocaleString('en')}</text>`,
  )
  const drawn = lines.map((line, series) => {
    const points = line.flatMap((value, index) => (value === undefined ? [] : [[toX(index), toY(value)]]))
    const dots = points.map(([cx, cy]) => `<circle class="s${series}" cx="${cx}" cy="${cy}" r="3.5"/>`)
    return `<polyline class="line s${series}" points="${points.map((point) => point.join(',')).join(' ')}"/>${dots.join('')}`
  })
  const mark =
    target === undefined ? '' : `<line class="target" x1="${x}" x2="${x + PANEL.width}" y1="${toY(target)}" y2="${toY(target)}"/>`
  return `<text class="title" x="${x}" y="${PANEL.top - 16}">${title}</text>${grid.join('')}${mark}${ticks.join('')}
<text x="${x + PANEL.width / 2}" y="${bottom + 40}" text-anchor="middle">${unit}</text>${drawn.join('\n')}`
}

const of = (server) => (rows) => rows.find((row) => row.server === server)

/** @param {{sizes: {tasks: number, figures: import('./compare.mjs').Figures[]}[]}} result  as measureSizes() gives it */
export const toSvg = ({ sizes }) => {
  const own = of('SQLite')
  const second = PANEL.left + PANEL.width + PANEL.gap
  const legend = SERIES.map(
    (name, index) =>
      `<rect class="s${index}" x="${PANEL.left + index * 136}" y="16" width="12" height="12" rx="2"/><text x="${PANEL.left + 18 + index * 136}" y="26">${name}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" width="${SIZE.width}" height="${SIZE.height}" role="img" aria-label="Throughput as a share of the limit, and p99, against the number of tasks">
<style>${STYLE}
</style>
<rect class="page" width="${SIZE.width}" height="${SIZE.height}" rx="6"/>
${legend.join('')}
${panel(PANEL.left, 'Requests a second, as a share of the limit', 'tasks', sizes, (rows) => own(rows)?.ratio)}
${panel(second, `p99 in milliseconds, 64 connections (dashed: the aim of ${AIM_MS})`, 'tasks', sizes, (rows) => own(rows)?.p99, AIM_MS)}
</svg>
`
}
