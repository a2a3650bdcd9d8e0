// What docs/performance.md opens with: the figures that a user asks for first.
import { grouped, markdown } from './markdown.mjs'
import { createFinder } from './promises.mjs'

const REQUESTS = {
  'GET one': 'get one task',
  'GET 50': 'list 50 tasks',
  POST: 'create a task',
  complete: 'complete a task',
  mixed: 'mixed: 70 % get, 10 % list, 20 % create',
}

const requestRows = ({ middle, figure }) =>
  Object.entries(REQUESTS)
    .filter(([measure]) => figure(middle, measure, 'rate') !== undefined)
    .map(([measure, name]) => {
      const lead = figure(middle, measure, 'lead', 'fastapi')
      return [
        name,
        `${grouped(figure(middle, measure, 'rate'))} a second`,
        `${figure(middle, measure, 'p99').toFixed(1)} ms`,
        lead === undefined ? '' : `${lead.toFixed(0)} times as many`,
      ]
    })

export const summaryTables = (result) => {
  const { sizeOf, middle, largest, memory, ...finder } = createFinder(result)
  const { coldStart, streaming } = sizeOf(largest)
  const requests = markdown(
    [`at ${grouped(middle)} tasks, 64 connections`, 'requests', 'p99', 'compared with FastAPI'],
    requestRows({ middle, ...finder }),
  )
  const rest = markdown(
    [`at ${grouped(largest)} tasks`, ''],
    [
      ['start of the process to the first answer', `${coldStart.toFixed(2)} s`],
      ['memory (RSS) under any of the loads', `at most ${grouped(memory)} MB`],
      ['all tasks as one streamed list', `${grouped(streaming.rate)} tasks a second, in ${grouped(streaming.memory)} MB`],
    ],
  )
  return `${requests}\n\n${rest}`
}
