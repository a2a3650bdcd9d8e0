// Tables of docs/performance.md.

/** The first column is text, the others are numbers. */
export const markdown = (header, rows) => {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

/** 1,234,567 */
export const grouped = (value) => Math.round(value).toLocaleString('en')
