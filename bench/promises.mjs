// What the service promises of its speed, each with the figure that a full run found.
const least = (bound) => ({ aim: `≥ ${bound}`, isMet: (value) => value >= bound })
const most = (bound) => ({ aim: `≤ ${bound}`, isMet: (value) => value <= bound })

const asRatio = (value) => value.toFixed(2)
const asNumber = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1))

/** Finds figures by number of tasks; one that was not measured is undefined. */
export const createFinder = ({ sizes }) => {
  const sizeOf = (tasks) => sizes.find((size) => size.tasks === tasks)
  const middle = (sizes.find(({ peers }) => peers.length > 0) ?? sizeOf(100_000) ?? sizes[0]).tasks
  const figure = (tasks, measure, field, server = 'SQLite') =>
    sizeOf(tasks)?.figures.find((row) => row.measure === measure && row.server === server)?.[field]
  const divided = (a, b) => (a === undefined || b === undefined ? undefined : a / b)
  const smallest = sizes[0].tasks
  const largest = sizes.at(-1).tasks
  /** The most that the service took in any measure at the largest size. */
  const memory = Math.max(
    ...sizeOf(largest)
      .figures.filter(({ server }) => server === 'SQLite')
      .map((row) => row.memory),
  )
  return { sizes, sizeOf, middle, figure, divided, smallest, largest, memory }
}

const POINTS = ['GET one', 'GET 50', 'POST', 'PATCH', 'complete']
const PAGES = ['GET 50', 'filtered page', 'sorted page']
const DEEP = [
  ['deep page', 'GET 50'],
  ['sorted deep page', 'sorted page'],
]

/** @returns {{name: string, aim: string, shown: string, isMet: boolean}[]} */
export const toPromises = (result) => {
  const { sizes, sizeOf, middle, figure, divided, smallest, largest, memory } = createFinder(result)
  const largestSize = sizeOf(largest)
  const n = (count) => count.toLocaleString('en')
  const listed = [
    ['GET one, by the limit', least(0.5), asRatio, figure(middle, 'GET one', 'ratio')],
    ['GET 50, by the limit', least(0.3), asRatio, figure(middle, 'GET 50', 'ratio')],
    ['durable POST, by the limit', least(0.75), asRatio, figure(middle, 'POST', 'ratio')],
    ['GET one, by FastAPI', least(2.5), asNumber, figure(middle, 'GET one', 'lead', 'fastapi')],
    ['GET 50, by FastAPI', least(4), asNumber, figure(middle, 'GET 50', 'lead', 'fastapi')],
    ['durable POST, by FastAPI', least(8), asNumber, figure(middle, 'POST', 'lead', 'fastapi')],
    ...POINTS.map((name) => [`${name}: p99 in ms`, most(10), asNumber, figure(middle, name, 'p99')]),
    ...['PATCH', 'complete'].map((name) => [
      `${name}, by POST`,
      least(0.6),
      asRatio,
      divided(figure(middle, name, 'rate'), figure(middle, 'POST', 'rate')),
    ]),
    ['search of a common word beside point reads: p99 in ms', most(20), asNumber, figure(middle, 'search beside GET one', 'p99')],
    ['point reads beside it: p99 in ms', most(10), asNumber, figure(middle, 'GET one beside search', 'p99')],
    ...PAGES.map((name) => [
      `${name}: p99 at ${n(largest)} by that at ${n(smallest)}`,
      most(1.3),
      asRatio,
      divided(figure(largest, name, 'p99'), figure(smallest, name, 'p99')),
    ]),
    ...DEEP.map(([deep, first]) => [
      `${deep} at ${n(largest)}: p99 by that of the first`,
      most(1.3),
      asRatio,
      divided(figure(largest, deep, 'p99'), figure(largest, first, 'p99')),
    ]),
    [`RSS at ${n(largest)} in MB, the most of any measure`, most(200), asNumber, memory],
    [`cold start to the first answer at ${n(largest)}, in s`, most(0.5), asRatio, largestSize.coldStart],
    [`streaming all ${n(largest)}: tasks a second`, least(100_000), asNumber, largestSize.streaming?.rate],
    ['streaming: growth of RSS in MB', most(50), asNumber, largestSize.streaming?.growth],
    ['POST while GitHub hangs, by POST without GitHub', least(0.9), asRatio, result.hanging?.ratio],
  ]
  return listed
    .filter(([, , , value]) => value !== undefined && sizes.length > 0)
    .map(([name, { aim, isMet }, show, value]) => ({ name, aim, shown: show(value), isMet: isMet(value) }))
}
