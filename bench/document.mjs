// Writes the figures of a full run where docs/performance.md shows them: its tables, its plot and the figures themselves.
import { readFileSync, writeFileSync } from 'node:fs'
import { grouped, markdown } from './markdown.mjs'
import { toSvg } from './plot.mjs'
import { toPromises } from './promises.mjs'
import { summaryTables } from './summary.mjs'

const inDocs = (name) => new URL(`../docs/${name}`, import.meta.url)

const own = ({ server }) => server === 'SQLite'
const percent = (share) => `${(share * 100).toFixed(0)} %`

const promisesTable = (result) =>
  markdown(
    ['', 'aim', 'measured', ''],
    toPromises(result).map(({ name, aim, shown, isMet }) => [name, aim, shown, isMet ? 'met' : '**not met**']),
  )

const sizesTable = ({ sizes }) =>
  markdown(
    ['', ...sizes.map(({ tasks }) => `${grouped(tasks)}: ratio`), ...sizes.map(({ tasks }) => `${grouped(tasks)}: p99 ms`)],
    sizes[0].figures.filter(own).map(({ measure }) => {
      const rows = sizes.map(({ figures }) => figures.filter(own).find((row) => row.measure === measure))
      return [measure, ...rows.map((row) => row?.ratio.toFixed(2) ?? ''), ...rows.map((row) => row?.p99.toFixed(1) ?? '')]
    }),
  )

const costTable = ({ sizes }) => {
  const { figures } = sizes.find(({ peers }) => peers.length > 0) ?? sizes[0]
  const shown = figures.filter(({ measure }) =>
    figures.some((row) => row.measure === measure && row.server !== 'SQLite' && row.server !== 'limit'),
  )
  return markdown(
    ['', 'server', 'ratio to the limit', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU µs a request', 'RSS MB'],
    (shown.length > 0 ? shown : figures).map(({ measure, server, ratio, p50, p99, p999, cpu, memory }) => [
      measure,
      server,
      ratio.toFixed(2),
      ...[p50, p99, p999].map((value) => value.toFixed(1)),
      cpu.toFixed(0),
      memory.toFixed(0),
    ]),
  )
}

const toCell = (name) => {
  const [called, place = ''] = name.split('  ')
  return `\`${called}\` ${place}`.trim()
}

const profileTables = ({ profiles }) =>
  profiles
    .map(({ measure, functions, places }) => {
      const rows = functions.map(({ name, share }) => [toCell(name), percent(share)])
      const parts = places.filter(({ share }) => share >= 0.01).map(({ name, share }) => `${name} ${percent(share)}`)
      return `${markdown([`${measure}: function`, 'self'], rows)}\n\nBy place: ${parts.join(', ')}.`
    })
    .join('\n\n')

const runLine = ({ node, rounds, seconds, sizes, isPinned }) => {
  const peers = sizes.flatMap((size) => size.peers.map(({ about }) => about))
  return `Node.js ${node}, 64 connections, ${seconds} s for each measure and server in ${rounds} rounds${isPinned ? ', the server on one core' : ''}${peers.length > 0 ? `; the peer: ${[...new Set(peers)].join('; ')}` : ''}.`
}

const PARTS = {
  summary: summaryTables,
  run: runLine,
  promises: promisesTable,
  sizes: sizesTable,
  cost: costTable,
  profile: profileTables,
}

/** Each part of the page stands between `<!-- bench: NAME -->` and `<!-- /bench -->`. */
const fillIn = (page, result) =>
  Object.entries(PARTS).reduce(
    (text, [name, toText]) =>
      text.replace(
        new RegExp(`(<!-- bench: ${name} -->\n)[\\s\\S]*?(<!-- /bench -->)`),
        (_, open, close) => `${open}${toText(result)}\n${close}`,
      ),
    page,
  )

/** Four digits are more than any figure is worth. */
const rounded = (result) =>
  JSON.parse(
    JSON.stringify(result, (_, value) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value,
    ),
  )

const readText = (name) => readFileSync(inDocs(name), 'utf8')

/** A row a line: what lies deeper is drawn together. */
const toJson = (result) => `${JSON.stringify(result, null, 1).replace(/\n(?: {5,}| {4}(?=[}\]]))/g, ' ')}\n`

export const writeDocument = (result) => {
  const shown = rounded(result)
  writeFileSync(inDocs('performance.json'), toJson(shown))
  writeFileSync(inDocs('performance.svg'), toSvg(shown))
  writeFileSync(inDocs('performance.md'), fillIn(readText('performance.md'), shown))
  console.log('\nwritten: docs/performance.md, docs/performance.svg, docs/performance.json')
}

/** Whether page and plot show what docs/performance.json holds. */
export const isTrue = () => {
  const result = JSON.parse(readText('performance.json'))
  return (
    fillIn(readText('performance.md'), result) === readText('performance.md') && toSvg(result) === readText('performance.svg')
  )
}
