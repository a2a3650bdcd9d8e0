// Rows of figures as text.
const rounded = (value, digits) => (value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits))

const COLUMNS = [
  ['measure', ({ measure }) => measure],
  ['server', ({ server }) => server],
  ['req/s', ({ rate }) => rounded(rate, 0)],
  ['ratio', ({ ratio }) => rounded(ratio, 2)],
  ['ours by it', ({ lead }) => (lead === 1 ? '' : rounded(lead, 2))],
  ['p50 ms', ({ p50 }) => rounded(p50, 2)],
  ['p99 ms', ({ p99 }) => rounded(p99, 2)],
  ['p99.9 ms', ({ p999 }) => rounded(p999, 2)],
  ['CPU µs', ({ cpu }) => rounded(cpu, 0)],
  ['CPU ratio', ({ cpuRatio }) => rounded(cpuRatio, 2)],
  ['RSS MB', ({ memory }) => rounded(memory, 0)],
  ['load CPU', ({ load }) => `${rounded(load * 100, 0)} %`],
]

/** Lines with their cells under each other; the numbers stand to the right. */
export const toLines = (header, rows) => {
  const widths = header.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index].length)))
  const isText = header.map((_, index) => rows.some((row) => /[a-z]/i.test(row[index])))
  const line = (row) =>
    row.map((cell, index) => (isText[index] ? cell.padEnd(widths[index]) : cell.padStart(widths[index]))).join('  ')
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** As compare() gives them. */
export const toTable = (figures) =>
  toLines(
    COLUMNS.map(([name]) => name),
    figures.map((row) => COLUMNS.map(([, cell]) => cell(row))),
  )
